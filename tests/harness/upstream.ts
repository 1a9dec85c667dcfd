/** A server on loopback that the Worker fetches from: as helpful, slow or broken as its path says. Runs in Node. */
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";

const MIB = 1024 * 1024;

/** Those who came to `/pair/NAME` and wait for the other. */
const waiting = new Map<string, ServerResponse>();
const visits = new Map<string, number>();

/** What tests have put at `/published/NAME`, and how often it was fetched. */
const published = new Map<string, string>();
const fetched = new Map<string, number>();
const count = (name: string) => fetched.set(name, (fetched.get(name) ?? 0) + 1);

async function publish(name: string, request: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (text) published.set(name, text);
  else published.delete(name);
  response.end();
}

function answer(path: string, response: ServerResponse): void {
  const [, what = "", argument = ""] = path.split("/");
  switch (what) {
    case "echo":
      response.end(argument);
      return;
    case "status":
      response.writeHead(Number(argument)).end(`status ${argument}`);
      return;
    // `/limited/HEADER`: as those who say with 403 that too much was asked.
    case "limited":
      response.writeHead(403, { [argument]: "0" }).end("{}");
      return;
    case "not-found":
      response.writeHead(404).end(decodeURIComponent(argument));
      return;
    case "redirect":
      response.writeHead(302, { location: `/visit/${argument}` }).end("moved");
      return;
    case "visit":
      visits.set(argument, (visits.get(argument) ?? 0) + 1);
      response.end("visited");
      return;
    case "visits":
      response.end(String(visits.get(argument) ?? 0));
      return;
    case "bytes":
      response.end("x".repeat(MIB + Number(argument)));
      return;
    case "binary":
      response.end(Buffer.from([0x41, 0xff, 0x42]));
      return;
    // `/published/NAME`: what was put there by POST, with how often it was fetched at `/fetched/NAME`.
    case "published":
      count(argument);
      response.writeHead(published.has(argument) ? 200 : 404).end(published.get(argument) ?? "nothing");
      return;
    case "slow": {
      count(argument);
      // real time: whoever asks together is there by then; no assertion depends on more
      setTimeout(() => response.end(published.get(argument) ?? "nothing"), 300);
      return;
    }
    case "fetched":
      response.end(String(fetched.get(argument) ?? 0));
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "half":
      response.writeHead(200, { "content-length": "100" }).write("half");
      // real time: half an answer is on its way by then; the outcome is the same if none is
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
      return;
    case "drip":
      response.writeHead(200).write("the beginning");
      return;
    case "pair": {
      const other = waiting.get(argument);
      if (!other) {
        waiting.set(argument, response);
        return;
      }
      waiting.delete(argument);
      for (const one of [other, response]) one.end("both");
      return;
    }
    default:
      // "silence": nothing is ever said.
      return;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const { url = "", method } = request;
    if (method === "POST" && url.startsWith("/published/")) void publish(url.split("/")[2] ?? "", request, response);
    else answer(url, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  project.provide("upstream", `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

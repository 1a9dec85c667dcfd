/** A server on loopback that the Worker fetches from: as helpful, slow or broken as its path says. Runs in Node. */
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";

const MIB = 1024 * 1024;

/** Those who came to `/pair/NAME` and wait for the other. */
const waiting = new Map<string, ServerResponse>();
const visits = new Map<string, number>();

function answer(path: string, response: ServerResponse): void {
  const [, what = "", argument = ""] = path.split("/");
  switch (what) {
    case "echo":
      response.end(argument);
      return;
    case "status":
      response.writeHead(Number(argument)).end(`status ${argument}`);
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
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "half":
      response.writeHead(200, { "content-length": "100" }).write("half");
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
  const server = createServer((request, response) => answer(request.url ?? "", response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  project.provide("upstream", `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

/** Other people's servers on this machine: one listens, and the `Host` header says who is meant. */
import { type IncomingMessage, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** A server that answers instead of another; which paths it has, it says itself. */
export interface StandIn {
  /** The hosts that it answers for. */
  hosts: string[];
  answer(request: Request): Promise<Response> | Response;
}

export interface Standing {
  port: number;
  /** Sends a request as a browser does, whose name service leads here. Redirects are answers. */
  fetch: typeof fetch;
  /** Method and URL of each request, in their order. */
  asked: string[];
  stop(): Promise<void>;
}

/** Lets `standIns` answer for their hosts. */
export async function stand(...standIns: StandIn[]): Promise<Standing> {
  const asked: string[] = [];
  const answer = (request: Request): Promise<Response> | Response => {
    const { host } = new URL(request.url);
    asked.push(`${request.method} ${request.url}`);
    const standIn = standIns.find(({ hosts }) => hosts.includes(host));
    return standIn ? standIn.answer(request) : new Response(`nobody stands in for ${host}`, { status: 502 });
  };
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const response = await answer(await requestOf(incoming));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      if (response.body)
        await pipeline(response.body, outgoing).catch(() => {}); // whoever asked has heard enough
      else outgoing.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    fetch: async (input, init) => answer(new Request(input, { ...init, redirect: "manual" })),
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = "GET", url = "/", headers } = incoming;
  return new Request(`https://${headers.host ?? ""}${url}`, {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  });
}

/** A page with links, as people see it where they sign in; the text of a link says what it does. */
export function choices(links: Record<string, URL>): Response {
  const items = Object.entries(links).map(
    ([text, { href }]) => `<p><a href="${href.replaceAll("&", "&amp;")}">${text}</a></p>`,
  );
  return new Response(`<!doctype html><title>Sign in</title>${items.join("\n")}`, {
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

/** The link with this text on a page of ours. */
export function linkOf(page: string, text: string): string {
  const links = [...page.matchAll(/<a href="([^"]+)">([^<]+)<\/a>/g)];
  const found = links.find(([, , label]) => label === text)?.[1];
  if (found === undefined) throw new Error(`no link "${text}" in: ${page}`);
  return found.replaceAll("&amp;", "&");
}

export async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text))).toString("base64url");
}

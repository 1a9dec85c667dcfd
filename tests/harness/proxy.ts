/** A proxy on loopback in front of a server: it changes nothing, and has every message looked at. Runs in Node. */
import { type IncomingMessage, type ServerResponse, createServer, request as open } from "node:http";
import type { AddressInfo } from "node:net";
import { oracle } from "./schema/ajv.ts";
import { eventReader } from "./schema/events.ts";
import { type Exchange, Watch } from "./schema/watch.ts";

export interface Watched {
  /** Where to reach the server through the proxy. */
  url: string;
  /** What the server has sent and no schema allows. */
  faults: string[];
  /** How many messages have been judged so far. */
  messages(): number;
  stop(): Promise<void>;
}

/** Puts a proxy in front of `target` (scheme, host and port). */
export async function watched(target: string): Promise<Watched> {
  const faults: string[] = [];
  const watch = new Watch(oracle, (fault) => faults.push(fault));
  const server = createServer((request, response) => void forward(target, watch, request, response));
  // A connection that has been idle for 5 s would be closed just when a busy client sends its next request on it.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    messages: () => watch.messages,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const headerOf =
  ({ headers }: IncomingMessage) =>
  (name: string) => {
    const value = headers[name];
    return value === undefined ? null : String(value);
  };

async function forward(target: string, watch: Watch, request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const asked = { url: request.url ?? "/", header: headerOf(request), body: body.toString() };
  const exchange = watch.asked(asked);
  // The head goes on as it came, `Host` and all; only the form in which the body comes may differ.
  const raw = request.rawHeaders.flatMap((name, at, all) => (at % 2 ? [] : [name, all[at + 1] ?? ""]));
  const upstream = open(target + (request.url ?? "/"), {
    ...(request.method !== undefined && { method: request.method }),
    headers: raw,
    setHost: false,
    agent: false,
  });
  upstream.once("response", (answer) => pass(exchange, answer, response));
  upstream.once("error", () => response.destroy());
  // A client that goes away resets its stream at the edge (HTTP/2), and the server is to see that; here a connection ends
  // without a word otherwise.
  response.once("close", () => {
    if (!response.writableEnded) upstream.socket?.resetAndDestroy();
  });
  upstream.end(body);
}

function pass(exchange: Exchange, answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  response.flushHeaders();
  const streams = answer.headers["content-type"]?.startsWith("text/event-stream") ?? false;
  const read = eventReader();
  let text = "";
  answer.setEncoding("utf8");
  answer.on("data", (chunk: string) => {
    response.write(chunk);
    if (streams) read(chunk).forEach((event) => exchange.event(event));
    else text += chunk;
  });
  answer.once("end", () => {
    if (!streams) exchange.whole({ status: answer.statusCode ?? 0, header: headerOf(answer) }, text);
    response.end();
  });
  answer.once("error", () => response.destroy());
}

/** Requests as they are written, header by header: also those that no client would send. */
import { type IncomingHttpHeaders, request } from "node:http";
import { watch } from "../../../harness/schema/machine.ts";

export interface Asked {
  method?: string;
  path: string;
  /** In this order; a name may come twice. `Host` is added if it is not there. */
  headers: [string, string][];
  body?: string | Buffer;
  /** Send the body in chunks, without `Content-Length`. */
  chunked?: boolean;
}

export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends it to 127.0.0.1 and waits for the whole answer. */
export function ask(
  port: number,
  { method = "POST", path, headers, body = "", chunked = false }: Asked,
): Promise<Answered> {
  const has = (name: string) => headers.some(([other]) => other.toLowerCase() === name);
  const written = [...headers];
  if (!has("host")) written.unshift(["host", `127.0.0.1:${port}`]);
  if (method !== "GET" && !has("content-length"))
    written.push(chunked ? ["transfer-encoding", "chunked"] : ["content-length", String(Buffer.byteLength(body))]);
  const named = (name: string) => headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  const header = (name: string) => (named(name).length > 0 ? named(name).join(", ") : null);
  const exchange = watch.asked({ url: path, header, body: String(body) });
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, headers: written.flat(), setHost: false };
    const sent = request(options as object, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("end", () => {
        sent.destroy();
        const told = (name: string) => response.headers[name]?.toString() ?? null;
        exchange.whole({ status: response.statusCode ?? 0, header: told }, text);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
      response.once("error", reject);
    });
    sent.once("error", reject);
    // A body that is only announced is never ended: the answer does not wait for it.
    if (has("content-length")) sent.flushHeaders();
    else sent.end(body);
  });
}

/** An answer in one line: status, and the error's code, message and `data`, or the texts of the result. */
export function said({ status, text }: Answered): string {
  if (text === "") return String(status);
  const { error, result } = JSON.parse(text) as {
    error?: { code: number; message: string; data?: unknown };
    result?: { content?: { text?: string }[]; isError?: boolean };
  };
  if (!error)
    return [status, ...(result?.isError ? ["isError"] : []), ...(result?.content ?? []).map((it) => it.text)].join(" ");
  const data = error.data === undefined ? "" : ` ${JSON.stringify(error.data)}`;
  return `${status} ${error.code} ${error.message}${data}`;
}

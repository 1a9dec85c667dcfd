/** `https://my-mcp.workers.dev` on this machine: a certificate of our own, and clients that are led here. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

export interface Certificate {
  folder: string;
  /** The path of the certificate, which is its own authority. */
  file: string;
  certificate: string;
  key: string;
  remove(): void;
}

/** A certificate for `host`, valid for a day. */
export function certify(host: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-tls-"));
  const [file, keyFile] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const subject = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile];
  execFileSync("openssl", ["req", "-x509", "-days", "1", ...key, ...subject, "-out", file], { stdio: "pipe" });
  return {
    folder,
    file,
    certificate: readFileSync(file, "utf8"),
    key: readFileSync(keyFile, "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The folder to name in CURL_HOME, so that curl itself finds `host` on `port` of this machine. */
export function curlHome({ folder, file }: Certificate, host: string, port: number): string {
  const lines = [
    `connect-to = "${host}:443:127.0.0.1:${port}"`,
    `cacert = "${file}"`,
    'noproxy = "*"',
    "no-buffer",
    "no-progress-meter",
    "max-time = 20",
  ];
  writeFileSync(join(folder, ".curlrc"), lines.join("\n"));
  return folder;
}

/** A `fetch` that finds every https host on `port` of this machine. */
export function fetchOn(port: number, { certificate }: Certificate): typeof fetch {
  return async (input, init) => {
    const asked = new Request(input, init);
    const { hostname, host, pathname, search } = new URL(asked.url);
    const body = Buffer.from(await asked.arrayBuffer());
    return new Promise((resolve, reject) => {
      const outgoing = request({
        host: "127.0.0.1",
        port,
        servername: hostname,
        ca: certificate,
        method: asked.method,
        path: pathname + search,
        headers: { ...Object.fromEntries(asked.headers), host, "content-length": body.length },
        signal: asked.signal,
      });
      outgoing.once("error", reject);
      outgoing.once("response", (response) => {
        const { statusCode: status = 0, rawHeaders: raw } = response;
        const headers = raw.flatMap((name, at) =>
          at % 2 === 0 ? [[name, raw[at + 1] ?? ""] as [string, string]] : [],
        );
        const empty = status === 202 || status === 204;
        response.on("error", () => {}); // the reader of the body is told by its own end
        const stream = empty ? null : (Readable.toWeb(response) as ReadableStream);
        resolve(new Response(stream, { status, headers }));
      });
      outgoing.end(body);
    });
  };
}

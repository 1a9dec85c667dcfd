/** A Worker under workerd itself, without the router that `wrangler dev` puts in front. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type Bundle, type Settings, bundle, settings, unbundle } from "./bundle.ts";
import { at, workerd } from "./paths.ts";

export interface Running {
  url: string;
  port: number;
  /** Where the runtime's inspector listens. */
  inspector: number;
  /** The same Worker in another isolate, where one was asked for. */
  twin: { url: string; port: number };
  /** What the Worker has written to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export interface StartOptions {
  /** Speak https, with this certificate (both in PEM). */
  tls?: { certificate: string; key: string };
  /** The port of this machine to which all that the Worker fetches goes, whatever its host; the `Host` header tells. */
  outbound?: number;
  /** Compatibility flags beside those of the configuration. */
  flags?: string[];
  /** Variables beside those of the configuration, or instead of them. */
  vars?: Record<string, string>;
  /**
   * Runs the Worker in a second isolate as well, on a port of its own. Both have the binding `OBJECTS`, the objects of the
   * first class; they live in the first isolate, and the second sees them as one at the other end of the world would.
   */
  twin?: boolean;
}

/**
 * Bundles the Worker of `config` (a wrangler.toml) and starts it. Only this machine is within its reach, and it may ask for
 * garbage to be collected.
 */
export async function start(config: string, options: StartOptions = {}): Promise<Running> {
  const { tls } = options;
  const made = await bundle(config);
  mkdirSync(join(made.folder, "objects"));
  const capnp = join(made.folder, "config.capnp");
  writeFileSync(capnp, written(made, settings(config), options));
  const args = ["serve", "--experimental", "--control-fd=3", "--inspector-addr=127.0.0.1:0", capnp];
  const child = spawn(workerd, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  running.add(child);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const ports = await listening(child, () => log, options.twin === true ? 2 : 1);
  const urlOf = (port: number) => `${tls ? "https" : "http"}://127.0.0.1:${port}`;
  return {
    ...ports,
    url: urlOf(ports.port),
    twin: { url: urlOf(ports.twin), port: ports.twin },
    log: () => log,
    async stop() {
      child.kill("SIGKILL");
      await exited;
      running.delete(child);
      unbundle(made);
    },
  };
}

const text = (value: string): string => JSON.stringify(value);

function written(
  { folder, modules }: Bundle,
  { date, flags, objects, bound, kv, vars }: Settings,
  { tls, outbound, vars: more, twin, flags: further = [] }: StartOptions,
): string {
  const embedded = modules.map((name) => {
    const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
    return `(name = ${text(name)}, ${kind} = embed ${text(name)})`;
  });
  const classes = objects.map((name) => `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = true)`);
  const keypair = tls && `(privateKey = ${text(tls.key)}, certificateChain = ${text(tls.certificate)})`;
  const protocol = keypair ? `https = (options = (), tlsOptions = (keypair = ${keypair}))` : "http = ()";
  const bindings = [
    ...bound.map(([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`),
    ...kv.map((name) => `(name = ${text(name)}, kvNamespace = "kv")`),
    ...Object.entries({ ...vars, ...more }).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
    ...(twin
      ? [`(name = "OBJECTS", durableObjectNamespace = (className = ${text(objects[0] ?? "")}, serviceName = "main"))`]
      : []),
  ];
  const kvCode = kv.length > 0 ? text(readFileSync(at("tests/bench/workers/kv.js"), "utf8")) : "";
  const services = [
    `(name = "main", worker = .mainWorker)`,
    twin && `(name = "twin", worker = .twinWorker)`,
    `(name = "objects", disk = (path = ${text(join(folder, "objects"))}, writable = true))`,
    outbound === undefined
      ? `(name = "internet", network = (allow = ["local"]))`
      : `(name = "internet", external = (address = "127.0.0.1:${outbound}", http = ()))`,
    kvCode &&
      `(name = "kv", worker = (modules = [(name = "kv.js", esModule = ${kvCode})], compatibilityDate = ${text(date)}))`,
  ].filter(Boolean);
  const code = `modules = [${embedded.join(", ")}],
  compatibilityDate = ${text(date)},
  compatibilityFlags = [${[...flags, ...further].map(text).join(", ")}],
  bindings = [${bindings.join(", ")}],`;
  const socket = (name: string, service: string) =>
    `(name = ${text(name)}, address = "127.0.0.1:0", ${protocol}, service = ${text(service)})`;
  const sockets = [socket("http", "main"), ...(twin ? [socket("twin", "twin")] : [])];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ${services.join(",\n    ")},
  ],
  sockets = [${sockets.join(", ")}],
  v8Flags = ["--expose-gc"],
);

const mainWorker :Workerd.Worker = (
  ${code}
  durableObjectNamespaces = [${classes.join(", ")}],
  durableObjectStorage = (localDisk = "objects"),
);
${twin ? `\nconst twinWorker :Workerd.Worker = (\n  ${code}\n);\n` : ""}`;
}

/** The ports on which workerd says that it listens, once it does on so many sockets. */
function listening(
  child: ChildProcess,
  log: () => string,
  sockets: number,
): Promise<{ port: number; twin: number; inspector: number }> {
  return new Promise((resolve, reject) => {
    let said = "";
    const ports = new Map<string, number>();
    let inspector = 0;
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`workerd ended before it listened:\n${log()}`)));
    (child.stdio[3] as Readable).on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const lines = said.split("\n");
      said = lines.pop() ?? "";
      for (const line of lines) {
        const event = JSON.parse(line) as { event: string; socket?: string; port: number };
        if (event.event === "listen-inspector") inspector = event.port;
        if (event.event === "listen" && event.socket !== undefined) ports.set(event.socket, event.port);
      }
      if (ports.size === sockets) {
        resolve({ port: ports.get("http") ?? 0, twin: ports.get("twin") ?? 0, inspector });
      }
    });
  });
}

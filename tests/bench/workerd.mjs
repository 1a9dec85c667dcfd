/** One contestant under workerd, without the router that `wrangler dev` would put in front. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { at } from "../../scripts/lib/paths.mjs";
import { Failure } from "../../scripts/lib/step.mjs";
import { startOn } from "./processes.mjs";

/**
 * @typedef {object} Program
 * @property {string} folder holds the modules, and gets `bench.capnp` and the Durable Objects' files
 * @property {string[]} modules file names in `folder`, the main module first
 * @property {string[]} flags compatibility flags
 * @property {string[]} objects Durable Object classes; the first is bound as `MCP_OBJECT`
 * @property {Record<string, string>} vars variables of the environment
 */

export const workerd = at("node_modules/workerd/bin/workerd");
export const compatibilityDate = "2026-07-01";

/**
 * Starts workerd on a free loopback port, and its inspector on another where that is wanted.
 * @param {Program} program
 * @param {{ inspected?: boolean }} [options]
 */
export async function serve(program, { inspected = false } = {}) {
  const storage = join(program.folder, "objects");
  await rm(storage, { recursive: true, force: true });
  await mkdir(storage, { recursive: true });
  const config = join(program.folder, "bench.capnp");
  await writeFile(config, capnp(program, storage));
  const child = startOn(
    0,
    workerd,
    ["serve", "--experimental", "--control-fd=3", ...(inspected ? ["--inspector-addr=127.0.0.1:0"] : []), config],
    ["ignore", "ignore", "pipe", "pipe"],
  );
  const { port, inspector } = await listening(child, firstWords(child));
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    inspector,
    stop: () => child.kill("SIGKILL"),
  };
}

/** @typedef {Awaited<ReturnType<typeof serve>>} Server */

/** workerd's configuration. `internet` reaches nothing, so no contestant can leave the machine. */
function capnp(/** @type {Program} */ program, /** @type {string} */ storage) {
  const modules = program.modules.map((name) => {
    const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
    return `(name = ${text(name)}, ${kind} = embed ${text(name)})`;
  });
  const bindings = [
    `(name = "OAUTH_KV", kvNamespace = "kv")`,
    ...program.objects.slice(0, 1).map((name) => `(name = "MCP_OBJECT", durableObjectNamespace = ${text(name)})`),
    ...Object.entries(program.vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
  ];
  const objects = program.objects.map(
    (name) => `(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = true)`,
  );
  const kv = relative(program.folder, at("tests/bench/workers/kv.js"));
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .mainWorker),
    (name = "kv", worker = .kvWorker),
    (name = "objects", disk = (path = ${text(storage)}, writable = true)),
    (name = "internet", network = (allow = [])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const mainWorker :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = [${program.flags.map(text).join(", ")}],
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${objects.join(", ")}],
  durableObjectStorage = (localDisk = "objects"),
);

const kvWorker :Workerd.Worker = (
  modules = [(name = "kv.js", esModule = embed ${text(kv)})],
  compatibilityDate = ${text(compatibilityDate)},
);
`;
}

const text = JSON.stringify;

/**
 * The first of what workerd has to say: a Worker that fails under load says the same thousands of times.
 * @param {import("node:child_process").ChildProcess} child
 */
function firstWords(child) {
  let words = "";
  child.stderr?.on("data", (chunk) => {
    if (words.length < 4000) words += chunk;
  });
  return () => words;
}

/**
 * The ports on which workerd says that it listens.
 * @param {import("node:child_process").ChildProcess} child
 * @param {() => string} words
 * @returns {Promise<{ port: number, inspector: number | undefined }>}
 */
function listening(child, words) {
  return new Promise((resolve, reject) => {
    let said = "";
    /** @type {number | undefined} */
    let inspector;
    child.once("error", reject);
    child.once("exit", () => reject(new Failure(`workerd ended before it listened:\n${words()}`)));
    /** @type {import("node:stream").Readable} */ (child.stdio[3]).on("data", (chunk) => {
      said += chunk;
      for (const line of said.split("\n").slice(0, -1)) {
        const event = JSON.parse(line);
        if (event.event === "listen-inspector") inspector = event.port;
        if (event.event === "listen" && event.socket === "http") resolve({ port: event.port, inspector });
      }
    });
  });
}

/**
 * A Worker in workerd with its storage on disk: KV, D1 and Durable Objects as miniflare has them, a process that can be killed,
 * and another one on the same storage.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Miniflare, type MiniflareOptions, convertV4MiniflareOptions } from "miniflare";
import { bundle, settings, unbundle } from "../../harness/bundle.ts";
import { at, workerd } from "../../harness/paths.ts";
import { type StandIn, type Standing, stand } from "../../harness/stand-ins/server.ts";
import { Control } from "./control.ts";

export const ISSUER = "https://mcp.example.com";

/** A request that takes longer than this hangs, in milliseconds. Nothing that waits for another does so for longer than 24 s. */
export const HANGS_MS = 30_000;

const at127 = (port: number) => ({ external: { address: `127.0.0.1:${String(port)}`, http: {} } });

export class Place {
  readonly control: Control;
  readonly #folder: string;
  readonly #standing: Standing;
  readonly #miniflare: Miniflare;
  readonly #options: MiniflareOptions;
  #url = "";
  /** The longest that a request has taken, in milliseconds. */
  longest = 0;

  private constructor(folder: string, control: Control, standing: Standing, options: MiniflareOptions) {
    this.#folder = folder;
    this.control = control;
    this.#standing = standing;
    this.#options = options;
    this.#miniflare = new Miniflare(options);
  }

  static async start(...standIns: StandIn[]): Promise<Place> {
    const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-faults-"));
    const config = at("tests/faults/worker/wrangler.toml");
    const made = await bundle(config);
    const { date, flags } = settings(config);
    const standing = await stand(...standIns);
    // Miniflare tells nobody which process it has started: this does.
    const pid = join(folder, "pid");
    const starter = join(folder, "workerd");
    writeFileSync(starter, `#!/bin/sh\necho $$ > ${pid}\nexec ${workerd} "$@"\n`, { mode: 0o755 });
    process.env["MINIFLARE_WORKERD_PATH"] = starter;
    const log: string[] = [];
    let place: Place | undefined = undefined as Place | undefined;
    const control = await new Control(() => place?.kill() ?? Promise.resolve()).start();
    mkdirSync(join(folder, "storage"));
    const options = convertV4MiniflareOptions({
      modules: made.modules.map((name) => ({
        type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
        path: join(made.folder, name),
        contents: readFileSync(join(made.folder, name)),
      })),
      modulesRoot: made.folder,
      compatibilityDate: date,
      compatibilityFlags: flags,
      durableObjects: { OBJECTS: { className: "Objects", useSQLite: true } },
      kvNamespaces: { OAUTH_KV: "kv" },
      d1Databases: { DB: "audit" },
      serviceBindings: { CONTROL: at127(control.port), OUTSIDE: at127(standing.port) },
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      resourcePersistencePath: join(folder, "storage"),
      port: 0,
      cf: false,
      handleRuntimeStdio: (out: Readable, err: Readable) => {
        for (const stream of [out, err]) stream.on("data", (chunk: Buffer) => log.push(chunk.toString()));
      },
    });
    place = new Place(folder, control, standing, options);
    unbundle(made);
    await place.#ready();
    return place;
  }

  async #ready(): Promise<void> {
    await this.#miniflare.ready;
    this.#url = String(await this.#miniflare.unsafeGetDirectURL()).replace(/\/$/, "");
  }

  /** Ends the process at once, as a crash does. */
  kill(): Promise<void> {
    process.kill(Number(readFileSync(join(this.#folder, "pid"), "utf8")), "SIGKILL");
    return Promise.resolve();
  }

  /** Another process on the same storage. */
  async startAgain(): Promise<void> {
    this.control.begin();
    await this.#miniflare.setOptions(this.#options);
    await this.#ready();
  }

  /** Sends a request to wherever its host is; a redirect is an answer. */
  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(ISSUER)) return this.#standing.fetch(input, init);
    const began = Date.now();
    const url = request.url.replace(ISSUER, this.#url);
    try {
      return await fetch(url, {
        ...init,
        headers: request.headers,
        redirect: "manual",
        signal: AbortSignal.timeout(HANGS_MS),
      });
    } finally {
      this.longest = Math.max(this.longest, Date.now() - began);
    }
  };

  /** What only the test asks of the Worker, past all faults. */
  async test<T>(what: string, asked: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.#url}/test/${what}?${new URLSearchParams(asked).toString()}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${what}: ${String(response.status)} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
    this.control.stop();
    await this.#standing.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

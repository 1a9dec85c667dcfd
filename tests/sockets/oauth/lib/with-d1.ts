/** A Worker with D1, as miniflare has it, on a port of this machine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { bundle, settings, unbundle } from "../../../harness/bundle.ts";

export interface WithD1 {
  url: string;
  db: D1;
  /** What the Worker has written to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** The part of a database that tests need. */
export interface D1 {
  prepare(sql: string): { all<Row>(): Promise<{ results: Row[] }>; run(): Promise<unknown> };
}

/** Starts the Worker of `config` with these variables. */
export async function startWithD1(config: string, vars: Record<string, string>): Promise<WithD1> {
  const made = await bundle(config);
  const { date, flags, objects } = settings(config);
  let log = "";
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: made.modules.map((name) => ({
        type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
        path: join(made.folder, name),
        contents: readFileSync(join(made.folder, name)),
      })),
      modulesRoot: made.folder,
      compatibilityDate: date,
      compatibilityFlags: flags,
      durableObjects: Object.fromEntries(objects.map((className) => [className, { className, useSQLite: true }])),
      d1Databases: { DB: "audit" },
      bindings: vars,
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      port: 0,
      cf: false,
      handleRuntimeStdio: (out: Readable, err: Readable) => {
        for (const stream of [out, err]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
      },
    }),
  );
  unbundle(made);
  await miniflare.ready;
  const url = String(await miniflare.unsafeGetDirectURL()).replace(/\/$/, "");
  const db = (await miniflare.getD1Database("DB")) as unknown as D1;
  return { url, db, log: () => log, stop: () => miniflare.dispose() };
}

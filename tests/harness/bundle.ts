/** Bundling a Worker as `wrangler deploy` would upload it, without an account. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root, wrangler } from "./paths.ts";

const run = promisify(execFile);

export interface Bundle {
  /** Holds the modules. */
  folder: string;
  /** File names in `folder`, the main module first. */
  modules: string[];
}

/** Bundles the Worker of `config` (a wrangler.toml) into a new folder. */
export async function bundle(config: string): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-bundle-"));
  const args = [wrangler, "deploy", "--dry-run", "--config", config, "--outdir", folder];
  const env = {
    ...process.env,
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_WRITE_LOGS: "false",
  };
  await run(process.execPath, args, { cwd: root, env });
  const uploaded = readdirSync(folder).filter((name) => /\.(js|wasm)$/.test(name));
  const [main] = uploaded.filter((name) => name.endsWith(".js"));
  if (main === undefined) throw new Error(`wrangler made no module of ${config}`);
  return { folder, modules: [main, ...uploaded.filter((name) => name !== main)] };
}

/** What a Worker's configuration says that workerd has to know as well. */
export interface Settings {
  date: string;
  flags: string[];
  /** Classes of Durable Objects. */
  objects: string[];
  /** Bindings of Durable Objects, each with its class. */
  bound: [name: string, className: string][];
  /** Bindings of KV namespaces. */
  kv: string[];
  vars: Record<string, string>;
}

/** Reads a wrangler.toml (as much of it as tests need) or a wrangler.json. */
export function settings(config: string): Settings {
  const text = readFileSync(config, "utf8");
  if (config.endsWith(".json")) return settingsOfJson(JSON.parse(text) as JsonConfig);
  const list = (name: string) => {
    const inside = new RegExp(`^${name} = \\[(.*)\\]$`, "m").exec(text)?.[1] ?? "";
    return [...inside.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
  };
  const section = (name: string) => text.split(`\n[${name}]\n`)[1]?.split("\n[")[0] ?? "";
  const date = /^compatibility_date = "(.*)"$/m.exec(text)?.[1];
  if (date === undefined) throw new Error(`${config} has no compatibility_date`);
  return {
    date,
    flags: list("compatibility_flags"),
    objects: list("new_sqlite_classes"),
    bound: [...text.matchAll(/^\[\[durable_objects\.bindings\]\]\nclass_name = "(.*)"\nname = "(.*)"$/gm)].map(
      ([, className = "", name = ""]) => [name, className],
    ),
    kv: [...text.matchAll(/^\[\[kv_namespaces\]\]\nbinding = "(.*)"$/gm)].map((match) => match[1] ?? ""),
    vars: Object.fromEntries(
      [...section("vars").matchAll(/^(\w+) = "(.*)"$/gm)].map((match) => [match[1] ?? "", match[2] ?? ""]),
    ),
  };
}

interface JsonConfig {
  compatibility_date: string;
  compatibility_flags: string[];
  migrations?: { new_sqlite_classes: string[] }[];
  kv_namespaces?: { binding: string }[];
  vars?: Record<string, string>;
}

const settingsOfJson = (config: JsonConfig): Settings => ({
  date: config.compatibility_date,
  flags: config.compatibility_flags,
  objects: (config.migrations ?? []).flatMap(({ new_sqlite_classes }) => new_sqlite_classes),
  bound: [],
  kv: (config.kv_namespaces ?? []).map(({ binding }) => binding),
  vars: config.vars ?? {},
});

/** Removes what `bundle` has made. */
export function unbundle({ folder }: Bundle): void {
  rmSync(folder, { recursive: true, force: true });
}

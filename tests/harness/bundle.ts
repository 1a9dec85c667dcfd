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

/** What a wrangler.toml says that workerd has to know as well. */
export function settings(config: string): { date: string; flags: string[]; objects: string[] } {
  const text = readFileSync(config, "utf8");
  const list = (name: string) => {
    const inside = new RegExp(`^${name} = \\[(.*)\\]$`, "m").exec(text)?.[1] ?? "";
    return [...inside.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? "");
  };
  const date = /^compatibility_date = "(.*)"$/m.exec(text)?.[1];
  if (date === undefined) throw new Error(`${config} has no compatibility_date`);
  return { date, flags: list("compatibility_flags"), objects: list("new_sqlite_classes") };
}

/** Removes what `bundle` has made. */
export function unbundle({ folder }: Bundle): void {
  rmSync(folder, { recursive: true, force: true });
}

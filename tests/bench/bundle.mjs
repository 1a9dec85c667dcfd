/** Bundles a Worker exactly as `wrangler deploy` would upload it, without an account. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { node, root } from "./paths.mjs";
import { run } from "./processes.mjs";

/**
 * Runs `wrangler deploy --dry-run --minify` and answers the files that would be uploaded, the main module first.
 * @param {string} config path of the Worker's wrangler configuration
 * @param {string} outdir emptied first
 * @returns {Promise<string[]>} names in `outdir`
 */
export async function bundle(config, outdir) {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  await run(node, [wrangler, "deploy", "--dry-run", "--minify", "--config", config, "--outdir", outdir], {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "true" },
  });
  const files = await readdir(outdir);
  const uploaded = files.filter((name) => name !== "README.md" && !name.endsWith(".map"));
  return uploaded.sort((a, b) => Number(b.endsWith(".js")) - Number(a.endsWith(".js")) || a.localeCompare(b));
}

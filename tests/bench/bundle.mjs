/** Bundles a Worker exactly as `wrangler deploy` would upload it, without an account. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { at, npmBin } from "../../scripts/lib/paths.mjs";
import { step } from "../../scripts/lib/step.mjs";

/**
 * Runs `wrangler deploy --dry-run --minify` and answers the files that would be uploaded, the main module first.
 * @param {string} name as shown while it works
 * @param {string} config path of the Worker's wrangler configuration
 * @param {string} outdir emptied first
 * @returns {Promise<string[]>} names in `outdir`
 */
export async function bundle(name, config, outdir) {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const wrangler = [at("node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--minify"];
  await step(`Bundling ${name}`, npmBin("node"), [...wrangler, "--config", config, "--outdir", outdir]);
  const files = await readdir(outdir);
  const uploaded = files.filter((file) => file !== "README.md" && !file.endsWith(".map"));
  return uploaded.sort((a, b) => Number(b.endsWith(".js")) - Number(a.endsWith(".js")) || a.localeCompare(b));
}

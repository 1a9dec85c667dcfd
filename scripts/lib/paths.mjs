// Where things are: the repository, the tools that the set-up installs, and the environment in which they find each other.

import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A path inside the repository. */
export const at = (...parts) => join(root, ...parts);

/** A command that npm installed, such as `wrangler`. */
export const npmBin = (name) => at("node_modules", ".bin", name);

/** A command that cargo installed, such as `worker-build`. */
export const cargoBin = (name) => at(".tools", "bin", name);

/** The environment for every tool: the installed commands first, so that `node` is the pinned one, and no downloads. */
export const toolEnv = {
  ...process.env,
  PATH: [at("node_modules", ".bin"), at(".tools", "bin"), process.env.PATH].join(delimiter),
  WASM_BINDGEN_BIN: cargoBin("wasm-bindgen"),
  WASM_OPT_BIN: npmBin("wasm-opt"),
  ESBUILD_BIN: npmBin("esbuild"),
  WRANGLER_HIDE_BANNER: "true", // the banner is what asks for updates
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_WRITE_LOGS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

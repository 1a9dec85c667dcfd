import { build } from "esbuild";

await build({
  entryPoints: ["src/index.ts"],
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "es2022",
  conditions: ["workerd"],
  external: ["cloudflare:*", "node:*"],
  loader: { ".wasm": "copy" },
});

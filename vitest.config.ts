/** The tests that run in workerd, beside the Worker that they test: `tests/worker`. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { schemaPlugin } from "./tests/harness/schema/plugin.ts";

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./tests/worker/wrangler.toml" } }), schemaPlugin()],
  test: {
    globalSetup: "tests/harness/upstream.ts",
    include: ["tests/worker/**/*.test.ts"],
    testTimeout: 30_000,
  },
});

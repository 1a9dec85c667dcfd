/** The tests of the authorization server in workerd, beside the Worker that they test: `tests/oauth`. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./tests/oauth/wrangler.toml" } })],
  test: {
    include: ["tests/oauth/**/*.test.ts"],
    testTimeout: 30_000,
  },
});

/**
 * The tests that run in workerd, beside the Worker that they test: `tests/workerd/mcp`. Those about Durable Objects run twice: as
 * Workers are set up today, and on an old compatibility date, where objects are found by bindings.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { schemaPlugin } from "./tests/harness/schema/plugin.ts";

const project = (name: string, config: string, files: string[]) => ({
  plugins: [cloudflareTest({ wrangler: { configPath: `./tests/workerd/mcp/${config}` } }), schemaPlugin()],
  test: { name, include: files.map((file) => `tests/workerd/mcp/${file}.test.ts`), testTimeout: 30_000 },
});

/** What needs objects. */
const ABOUT_OBJECTS = [
  "asking",
  "callers",
  "endpoints",
  "capabilities",
  "expiry",
  "find",
  "listening",
  "objects",
  "placement",
  "sse",
  "tenants",
];

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: "tests/harness/upstream.ts",
    projects: [project("today", "wrangler.toml", ["**/*"]), project("old date", "old-date.toml", ABOUT_OBJECTS)],
  },
});

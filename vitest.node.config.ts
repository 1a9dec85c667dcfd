/** The tests that run in Node: black boxes around a served Worker or the packed package. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    setupFiles: ["tests/harness/schema/fetch.ts"],
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});

/**
 * The tests of the authorization server in workerd, beside the Worker that they test: `tests/oauth`. They run twice: with the
 * runtime's own KV, which is never late, and with a double that is as late as Workers KV may be. The whole way runs on an old
 * compatibility date, too.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { Response } from "miniflare";
import { defineConfig } from "vitest/config";
import { outbound } from "./tests/oauth/lib/documents.ts";

const aboutTheDouble = "tests/oauth/kv-double.test.ts";
/** Counts what the runtime's own KV is asked. */
const aboutTheRuntime = "tests/oauth/costs.test.ts";
const outboundService = (request: { url: string }) => {
  const { status, body } = outbound(request);
  return new Response(body, { status });
};
interface Project {
  config?: string;
  bindings?: Record<string, string>;
  include?: string[];
  exclude?: string[];
}
const project = (name: string, { config = "wrangler.toml", bindings = {}, include, exclude = [] }: Project) => ({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: `./tests/oauth/${config}` },
      miniflare: { bindings, outboundService },
    }),
  ],
  test: { name, include: include ?? ["tests/oauth/**/*.test.ts"], exclude, testTimeout: 60_000 },
});

export default defineConfig({
  test: {
    projects: [
      project("kv", { exclude: [aboutTheDouble] }),
      project("late-kv", { bindings: { KV_DOUBLE: "1" }, exclude: [aboutTheRuntime] }),
      project("old date", { config: "old-date.toml", include: ["flow", "connected"].map(fileOf) }),
    ],
  },
});

function fileOf(name: string): string {
  return `tests/oauth/${name}.test.ts`;
}

/**
 * The tests of the authorization server in workerd, beside the Worker that they test: `tests/workerd/oauth`. Those that read KV run
 * twice: with the runtime's own, which is never late, and with a double that is as late as Workers KV may be. The whole way
 * runs on an old compatibility date, too.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { Response } from "miniflare";
import { defineConfig } from "vitest/config";
import { outbound } from "./tests/workerd/oauth/lib/documents.ts";

/** What reads copies of clients in KV, at more than one moment. */
const ABOUT_KV = ["kv-double", "flow", "limits", "negative", "offboarding", "races", "registration", "remembered"];

const aboutTheDouble = "tests/workerd/oauth/kv-double.test.ts";
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
      wrangler: { configPath: `./tests/workerd/oauth/${config}` },
      miniflare: { bindings, outboundService },
    }),
  ],
  test: { name, include: include ?? ["tests/workerd/oauth/**/*.test.ts"], exclude, testTimeout: 60_000 },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project("kv", { exclude: [aboutTheDouble] }),
      project("late-kv", { bindings: { KV_DOUBLE: "1" }, include: ABOUT_KV.map(fileOf) }),
      project("old date", { config: "old-date.toml", include: ["flow", "connected"].map(fileOf) }),
    ],
  },
});

function fileOf(name: string): string {
  return `tests/workerd/oauth/${name}.test.ts`;
}

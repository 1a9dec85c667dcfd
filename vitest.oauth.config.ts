/**
 * The tests of the authorization server in workerd, beside the Worker that they test: `tests/oauth`. They run twice: with the
 * runtime's own KV, which is never late, and with a double that is as late as Workers KV may be.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { Response } from "miniflare";
import { defineConfig } from "vitest/config";
import { outbound } from "./tests/oauth/lib/documents.ts";

const configPath = "./tests/oauth/wrangler.toml";
const aboutTheDouble = "tests/oauth/kv-double.test.ts";
const outboundService = (request: { url: string }) => {
  const { status, body } = outbound(request);
  return new Response(body, { status });
};
const project = (name: string, bindings: Record<string, string>, exclude: string[] = []) => ({
  plugins: [cloudflareTest({ wrangler: { configPath }, miniflare: { bindings, outboundService } })],
  test: { name, include: ["tests/oauth/**/*.test.ts"], exclude, testTimeout: 60_000 },
});

export default defineConfig({
  test: { projects: [project("kv", {}, [aboutTheDouble]), project("late-kv", { KV_DOUBLE: "1" })] },
});

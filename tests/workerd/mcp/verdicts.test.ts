/** What functions of the app's say of a token: only a whole yes is one. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { JWTVerifier, McpServer, type TokenVerifier, anyOf, createMcpHandler, protect } from "mcp-wicket/jwt";
import { modern } from "../../harness/messages.ts";
import { AUDIENCE, ISSUER, SECRET, claimsOf, hs256 } from "./lib/tokens.ts";
import { watched } from "./lib/schema.ts";

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "test", version: "1.0.0" });
  server.registerTool("hello", {}, () => ({ content: [{ type: "text" as const, text: "hello" }] }));
  return server;
});
const statusBehind = async (verifier: TokenVerifier, token: string) => {
  const { fetch } = protect(verifier, handler);
  const worker = watched((request) => fetch(request, env, createExecutionContext()));
  const headers = { authorization: `Bearer ${token}` };
  return (await worker(modern(AUDIENCE, "tools/call", { name: "hello" }, { headers }))).status;
};

test.each<[string, () => unknown, boolean]>([
  ["true", () => true, true],
  ["false", () => false, false],
  ["a promise of false", () => Promise.resolve(false), false],
  ["a promise of true", () => Promise.resolve(true), false],
  ["a text", () => "no", false],
  ["an object", () => ({ allowed: false }), false],
  ["1", () => 1, false],
  ["nothing", () => undefined, false],
])("a rule for a claim that gives %s is no yes", async (_, rule, isYes) => {
  const verifier = new JWTVerifier({
    secret: SECRET,
    issuer: ISSUER,
    audience: AUDIENCE,
    claims: { sub: rule as never },
  });
  expect(await statusBehind(verifier, await hs256(claimsOf()))).toBe(isYes ? 200 : 401);
});

const whole = { principal: "key:a", scopes: new Set(["read"]), props: {} };
test.each<[string, unknown]>([
  ["nothing", undefined],
  ["null", null],
  ["true", true],
  ["an empty object", {}],
  ["no principal", { ...whole, principal: undefined }],
  ["an empty principal", { ...whole, principal: "" }],
  ["a list of scopes", { ...whole, scopes: ["read"] }],
  ["no scopes", { ...whole, scopes: undefined }],
  ["no props", { ...whole, props: null }],
])("a verifier of the app's own that gives %s lets nobody in", async (_, found) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const says = (found: unknown): TokenVerifier => ({ issuers: [], bearer: true, identify: () => found as never });
  const later = (found: unknown): TokenVerifier => ({
    ...says(found),
    identify: () => Promise.resolve(found as never),
  });
  for (const verifier of [says(found), later(found), anyOf(says(found))]) {
    expect(await statusBehind(verifier, "x")).toBe(503);
  }
  expect(await statusBehind(says(whole), "x")).toBe(200);
  warned.mockRestore();
});

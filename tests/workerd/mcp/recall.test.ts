/** Guards that people write themselves: what `verifier.verify(token)` leaves for the endpoint that comes next, and no more. */
import { describe, expect, test } from "vitest";
import { JWTVerifier, McpServer, createMcpHandler } from "mcp-wicket/jwt";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { type ToolList, initialize, legacy, modern } from "../../harness/messages.ts";
import { ISSUER, SECRET, claimsOf, hs256 } from "./lib/tokens.ts";
import { watched } from "./lib/schema.ts";

const SITE = "https://mcp.example.com";
const endpoint = (route: string) =>
  createMcpHandler(
    ({ props }) => {
      const server = new McpServer({ name: "test", version: "1.0.0" });
      const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });
      server.registerTool("whoami", {}, () => text(props?.sub ?? null));
      server.registerTool("write", { scopes: ["write"] }, () => text("written"));
      return server;
    },
    { route },
  );

/** The first endpoint has a guard of its own, the other has none but where the request says so. */
function worker(audience: string) {
  const verifier = new JWTVerifier({ secret: SECRET, issuer: ISSUER, audience });
  const [guarded, open] = [endpoint("/a"), endpoint("/b")];
  return watched(async (request: Request): Promise<Response> => {
    const ctx = createExecutionContext();
    const isFirst = new URL(request.url).pathname === "/a";
    if (isFirst || request.headers.has("x-guarded")) {
      await verifier.verify(request.headers.get("authorization")?.replace("Bearer ", "") ?? "");
    }
    return isFirst ? guarded(request, env, ctx) : open(request, env, ctx);
  });
}

const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const tools = async (response: Response) =>
  (await response.json<{ result: ToolList }>()).result.tools.map(({ name }) => name);
const call = (path: string, name: string, token: string, more: Record<string, string> = {}) =>
  modern(SITE + path, "tools/call", { name }, { headers: { ...as(token).headers, ...more } });

describe.each([
  ["the endpoint's URL", `${SITE}/a`, ["whoami", "write"]],
  ["a URL above it", SITE, ["whoami", "write"]],
  ["a URL above it, with a slash", `${SITE}/`, ["whoami", "write"]],
  ["a URL that only begins alike", `${SITE}/a/more`, ["whoami"]],
  ["a name", "your-mcp-server", ["whoami"]],
])("a token for %s", (_, audience, seen) => {
  const fetch = worker(audience);
  const token = () => hs256(claimsOf({ aud: audience, scope: "write", n: crypto.randomUUID() }));

  test("behind the guard", async () => {
    const bearer = await token();
    expect(await tools(await fetch(modern(`${SITE}/a`, "tools/list", {}, as(bearer))))).toEqual(seen);
    expect(await (await fetch(call("/a", "whoami", bearer))).text()).toContain('\\"ann\\"');
    expect((await fetch(call("/a", "write", bearer))).status).toBe(seen.includes("write") ? 200 : 403);
  });

  test("behind the same guard at another endpoint it has no scopes, unless it is for that as well", async () => {
    const [bearer, guarded] = [await token(), { "x-guarded": "yes" }];
    const isAbove = audience.replace(/\/$/, "") === SITE;
    expect((await fetch(call("/b", "write", bearer, guarded))).status).toBe(isAbove ? 200 : 403);
    expect(await (await fetch(call("/b", "whoami", bearer, guarded))).text()).toContain('\\"ann\\"');
  });

  test("at an endpoint that nobody guards it is nobody's, whatever this isolate has seen before", async () => {
    const bearer = await token();
    await (await fetch(call("/a", "whoami", bearer))).text();
    for (const one of [bearer, await token()]) {
      expect((await fetch(call("/b", "write", one))).status).toBe(403);
      expect(await (await fetch(call("/b", "whoami", one))).text()).toContain('"text":"null"');
    }
  });

  test("requests that come together are each found once", async () => {
    const bearer = await token();
    const texts = await Promise.all(
      Array.from({ length: 5 }, async () => (await fetch(call("/a", "whoami", bearer))).text()),
    );
    for (const text of texts) expect(text).toContain('\\"ann\\"');
    expect(await (await fetch(call("/b", "whoami", bearer))).text()).toContain('"text":"null"');
  });

  test("a session is the caller's", async () => {
    const [ann, bob] = [await token(), await hs256(claimsOf({ aud: audience, sub: "bob" }))];
    const begun = await fetch(initialize(`${SITE}/a`, as(ann)));
    const session = begun.headers.get("mcp-session-id") ?? "";
    const ping = (bearer: string) => fetch(legacy(`${SITE}/a`, "ping", {}, { ...as(bearer), session }));
    expect([(await ping(ann)).status, (await ping(bob)).status]).toEqual([200, 404]);
  });
});

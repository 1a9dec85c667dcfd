/** The paths of endpoints: exact ones, patterns whose parts handlers see, and those that nothing could match. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  type FactoryContext,
  GitHubHandler,
  JWTVerifier,
  McpAgent,
  McpServer,
  OAuthProvider,
  createMcpHandler,
  protect,
} from "mcp-wicket/oauth";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type ToolResult, initialize, legacy, modern } from "../../harness/messages.ts";
import { Placed } from "./app/agents.ts";
import { messageOf, textOf } from "./lib/client.ts";
import { SECRET, claimsOf, hs256 } from "./lib/tokens.ts";

const SITE = "https://mcp.example.com";

class Tenants extends McpAgent {
  override server = new McpServer({ name: "tenants", version: "1" });
  override init() {
    this.server.registerTool("where", {}, ({ params }) => ({
      content: [{ type: "text", text: `${this.params["tenant"] ?? ""} ${params["tenant"] ?? ""}` }],
    }));
  }
}

const factory = ({ params }: FactoryContext) => {
  const server = new McpServer({ name: "made", version: "1" });
  server.registerTool("where", {}, (context) => ({
    content: [{ type: "text", text: JSON.stringify([params, context.params]) }],
  }));
  return server;
};

type Fetch = (request: Request, env: never, ctx: ExecutionContext) => Response | Promise<Response>;
const ask = (fetch: Fetch, request: Request, props?: object) => {
  const ctx = createExecutionContext();
  if (props) (ctx as { props?: object }).props = props;
  return Promise.resolve(fetch(request, env as never, ctx));
};
const where = async (fetch: Fetch, path: string) => {
  const answer = ask(fetch, modern(`${SITE}${path}`, "tools/call", { name: "where", arguments: {} }));
  return textOf((await messageOf<ToolResult>(answer)).result);
};

describe("patterns", () => {
  test("handlers, factories and agents see the parts", async () => {
    const made = createMcpHandler(factory, { route: "/mcp/:tenant" });
    expect(await where(made, "/mcp/acme")).toBe('[{"tenant":"acme"},{"tenant":"acme"}]');
    expect(await where(made, "/mcp/a%20b")).toBe('[{"tenant":"a%20b"},{"tenant":"a%20b"}]');
    expect(await where(Tenants.serve("/mcp/:tenant").fetch, "/mcp/acme")).toBe("acme acme");
  });

  test("a star takes any rest, a group what it allows, and an exact path has no parts", async () => {
    expect(await where(createMcpHandler(factory, { route: "/star/*" }), "/star/a/b")).toBe('[{"0":"a/b"},{"0":"a/b"}]');
    expect(await where(createMcpHandler(factory, { route: "/n/:id(\\d+)" }), "/n/7")).toBe('[{"id":"7"},{"id":"7"}]');
    expect(await where(createMcpHandler(factory), "/mcp")).toBe("[{},{}]");
  });

  test.each(["/mcp", "/mcp/", "/mcp/a/b", "/other/a"])("%s is another path than /mcp/:tenant", async (path) => {
    for (const fetch of [createMcpHandler(factory, { route: "/mcp/:tenant" }), Tenants.serve("/mcp/:tenant").fetch]) {
      const response = await ask(fetch, modern(`${SITE}${path}`, "tools/list"));
      expect(response.status).toBe(404);
      expect(await response.text()).toContain("/mcp/:tenant");
    }
  });

  test("a stream names the path of its messages", async () => {
    const { fetch } = Placed.serveSSE("/sse/:room");
    const response = await ask(fetch, new Request(`${SITE}/sse/a`, { headers: { accept: "text/event-stream" } }));
    const reader = response.body?.getReader();
    const read = await reader?.read();
    expect(new TextDecoder().decode(read?.value as Uint8Array)).toContain("data: /sse/a/message?sessionId=");
    await reader?.cancel();
  });
});

describe("one path's callers are not another's", () => {
  const begin = async (fetch: Fetch, path: string, props?: object) =>
    (await ask(fetch, initialize(`${SITE}${path}`), props)).headers.get("mcp-session-id") ?? "";
  const list = async (fetch: Fetch, path: string, session: string, props?: object) =>
    (await ask(fetch, legacy(`${SITE}${path}`, "tools/list", {}, { session }), props)).status;

  test("a signed-in caller's session is of the path where it began", async () => {
    const fetch = createMcpHandler(factory, { route: "/mcp/:tenant" });
    const session = await begin(fetch, "/mcp/a", { sub: "ann" });
    expect(await list(fetch, "/mcp/a", session, { sub: "ann" })).toBe(200);
    expect(await list(fetch, "/mcp/b", session, { sub: "ann" })).toBe(404);
  });

  test("an agent in its session's object is of one path, whoever calls", async () => {
    const { fetch } = Placed.serve("/placed/:room");
    const session = await begin(fetch, "/placed/a");
    expect(await list(fetch, "/placed/a", session)).toBe(200);
    expect(await list(fetch, "/placed/b", session)).toBe(404);
  });
});

describe("behind guards", () => {
  const verifier = new JWTVerifier({ secret: SECRET, issuer: "https://issuer.example", audience: `${SITE}/mcp` });
  const guarded = protect(verifier, Tenants.serve("/mcp/:tenant")).fetch;

  test("protect: every path that matches asks for a token, and its metadata names what stands before the parts", async () => {
    const refused = await ask(guarded, modern(`${SITE}/mcp/acme`, "tools/list"));
    expect(refused.status).toBe(401);
    const metadata = `${SITE}/.well-known/oauth-protected-resource/mcp`;
    expect(refused.headers.get("www-authenticate")).toContain(`resource_metadata="${metadata}"`);
    for (const url of [metadata, `${metadata}/acme`]) {
      expect(await (await ask(guarded, new Request(url))).json()).toMatchObject({ resource: `${SITE}/mcp` });
    }
  });

  test("protect: who has a token comes in, and handlers see the parts", async () => {
    const token = await hs256(claimsOf({ iss: "https://issuer.example", aud: `${SITE}/mcp` }));
    const headers = { authorization: `Bearer ${token}` };
    const request = modern(`${SITE}/mcp/acme`, "tools/call", { name: "where", arguments: {} }, { headers });
    expect(textOf((await messageOf<ToolResult>(ask(guarded, request))).result)).toBe("acme acme");
  });

  const defaultHandler = new GitHubHandler({ clientId: "a", clientSecret: "b", allow: "anyone" });

  test("OAuthProvider: routes may be patterns, for endpoints and for handlers of the app's own", async () => {
    const provider = new OAuthProvider({
      apiHandlers: {
        "/mcp/:tenant": Tenants.serve("/mcp/:tenant"),
        "/star/*": { fetch: () => Promise.resolve(new Response("star")) },
      },
      defaultHandler,
    });
    const fetch: Fetch = (request, env, ctx) => provider.fetch(request, env, ctx);
    for (const path of ["/mcp/acme", "/star/a/b"]) {
      const refused = await ask(fetch, modern(`${SITE}${path}`, "tools/list"));
      expect(refused.status).toBe(401);
      expect(refused.headers.get("www-authenticate")).toContain(`${SITE}/.well-known/oauth-protected-resource/mcp"`);
    }
    for (const rest of ["/mcp", "/mcp/acme"]) {
      const document = await ask(fetch, new Request(`${SITE}/.well-known/oauth-protected-resource${rest}`));
      expect(await document.json()).toMatchObject({ resource: `${SITE}/mcp` });
    }
    expect((await ask(fetch, new Request(`${SITE}/mcp`))).status).toBe(404);
  });

  test("OAuthProvider: a route whose endpoint answers elsewhere is refused", () => {
    expect(() => new OAuthProvider({ apiHandlers: { "/mcp": Tenants.serve("/sse") }, defaultHandler })).toThrow(
      'apiHandlers has "/mcp" for an endpoint that answers /sse, so no request would match: use { "/sse": … }.',
    );
  });
});

test.each<[string, string]>([
  ["mcp", "must begin with a slash"],
  ["", "must begin with a slash"],
  ["https://mcp.example.com/mcp", "must begin with a slash"],
  ["/mcp?x=1", 'in URLs it is "/mcp"'],
  ["/a/../mcp", 'in URLs it is "/mcp"'],
  ["/ümlaut", 'in URLs it is "/%C3%BCmlaut"'],
  ["//mcp", "no request can match"],
  ["/mcp/:", "is not a valid URLPattern"],
  ["/mcp/(", "is not a valid URLPattern"],
])("a route that nothing can match is refused when it is made: %s", (route, message) => {
  expect(() => Tenants.serve(route)).toThrow(message);
  expect(() => Tenants.serveSSE(route)).toThrow(message);
  expect(() => createMcpHandler(factory, { route })).toThrow(message);
});

describe("arguments of prompts", () => {
  const prompt = (member: z.ZodType) =>
    new McpServer({ name: "prompts", version: crypto.randomUUID() }).registerPrompt(
      crypto.randomUUID(),
      { argsSchema: { member } },
      () => ({ messages: [] }),
    );

  test.each<[string, z.ZodType]>([
    ["a number", z.number()],
    ["truth", z.boolean().optional()],
    ["an object", z.object({ a: z.string() })],
    ["a list", z.array(z.string())],
  ])("one that no text satisfies is refused: %s", (_, schema) => {
    expect(() => prompt(schema)).toThrow('The argument "member" of the prompt');
  });

  test.each<[string, z.ZodType]>([
    ["a text", z.string().min(3)],
    ["a choice", z.enum(["a", "b"])],
    ["a number that is read", z.coerce.number()],
    ["truth that is read", z.stringbool()],
    ["a text or a number", z.union([z.number(), z.string()])],
    ["a text that is taken apart", z.string().transform((text) => text.split(","))],
    ["a date that is read", z.coerce.date()],
    ["a fixed text", z.literal("x")],
  ])("one that some text satisfies is taken: %s", (_, schema) => {
    expect(() => prompt(schema)).not.toThrow();
  });
});

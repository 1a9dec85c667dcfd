/** Settings that come from variables: while one is missing the answer is 503, and the log says which and how to set it. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as oauth from "mcp-wicket/oauth";
import {
  APIKeyVerifier,
  GitHubHandler,
  IntrospectionVerifier,
  JWTVerifier,
  McpServer,
  OAuthProvider,
  type TokenVerifier,
  createMcpHandler,
  protect,
} from "mcp-wicket/oauth";
import { expect, test, vi } from "vitest";
import { modern } from "../../harness/messages.ts";
import { Plain } from "./app/agents.ts";

type Fetch = (request: Request, env: unknown, ctx: ExecutionContext) => Promise<Response>;
type Bound = Record<string, string | undefined>;

const handler = createMcpHandler(() => new McpServer({ name: "test", version: "1.0.0" }));
const issued = { issuer: "https://auth.example.com", audience: "https://mcp.example.com/mcp" };
const guarded = (verifier: TokenVerifier) => protect(verifier, handler).fetch;
const WICKET_SECRET = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
const set = { GITHUB_CLIENT_ID: "id", GITHUB_CLIENT_SECRET: "secret", RS_SECRET: WICKET_SECRET };

const provider = () => {
  const made = new OAuthProvider<Bound>({
    apiHandlers: { "/mcp": handler },
    defaultHandler: new GitHubHandler({
      clientId: (env: Bound) => env.GITHUB_CLIENT_ID,
      clientSecret: (env: Bound) => env.GITHUB_CLIENT_SECRET,
    }),
    resourceServers: { billing: (env) => env.RS_SECRET },
  });
  return made.fetch.bind(made) as Fetch;
};

/** A handler whose secret was left out altogether, or comes from nowhere. */
function withoutSecret(
  name: "GitHubHandler" | "GoogleHandler" | "AzureADHandler",
  secret: object,
): (typeof cases)[number] {
  const serving = () => {
    const defaultHandler = new oauth[name]({ clientId: "id", allow: "anyone", ...secret });
    const made = new OAuthProvider<Bound>({ apiHandlers: { "/mcp": handler }, defaultHandler });
    return made.fetch.bind(made) as Fetch;
  };
  const how = "clientSecret" in secret ? "is undefined" : "was left out";
  return [`${name} whose clientSecret ${how}`, serving, {}, "/authorize?client_id=x", ["clientSecret", name]];
}

/** What is wrong: what serves, with which variables, where it is asked, and what the message names. */
const cases: [string, () => Fetch, Bound, string, string[]][] = [
  ...(["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "RS_SECRET"] as const).flatMap((name) =>
    [undefined, ""].map((value): (typeof cases)[number] => [
      `a provider without ${name} (${String(value)})`,
      provider,
      { ...set, [name]: value },
      "/authorize?client_id=x",
      [name],
    ]),
  ),
  ...(["GitHubHandler", "GoogleHandler", "AzureADHandler"] as const).flatMap((name) => [
    withoutSecret(name, {}),
    withoutSecret(name, { clientSecret: undefined }),
  ]),
  [
    "a provider with a weak secret",
    provider,
    { ...set, WICKET_SECRET: "short" },
    "/token",
    ["WICKET_SECRET", "too short"],
  ],
  ["a handler with a weak secret", () => handler, { WICKET_SECRET: "short" }, "/mcp", ["WICKET_SECRET", "too short"]],
  // A Secrets Store binding is an object.
  [
    "a provider whose secret is no string",
    provider,
    { ...set, WICKET_SECRET: { get: () => "x" } as never },
    "/token",
    ["WICKET_SECRET is not a string"],
  ],
  [
    "a handler whose secret is no string",
    () => handler,
    { WICKET_SECRET: { get: () => "x" } as never },
    "/mcp",
    ["WICKET_SECRET is not a string"],
  ],
  ["an agent", () => Plain.serve("/mcp").fetch as Fetch, { WICKET_SECRET: "a".repeat(64) }, "/mcp", ["WICKET_SECRET"]],
  ["its stream", () => Plain.serveSSE("/sse").fetch as Fetch, { WICKET_SECRET: "x y" }, "/sse", ["WICKET_SECRET"]],
  ["JWTs", () => guarded(new JWTVerifier({ ...issued, secret: undefined })), {}, "/mcp", ["secret", "JWT_SECRET"]],
  ["API keys", () => guarded(new APIKeyVerifier({ keys: undefined as never })), {}, "/mcp", ["keys", "API_KEYS"]],
  [
    "introspection",
    () => guarded(new IntrospectionVerifier({ ...issued, clientId: "a", clientSecret: undefined })),
    {},
    "/mcp",
    ["clientSecret", "INTROSPECTION_CLIENT_SECRET"],
  ],
];

test.each(cases)("%s", async (_, serving, bound, path, named) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const fetch = serving();
    const ask = (site: string) =>
      fetch(
        path === "/mcp"
          ? modern(site + path, "tools/list", {}, { headers: { authorization: "Bearer x" } })
          : new Request(site + path),
        { ...env, ...bound },
        createExecutionContext(),
      );
    const far = await ask("https://mcp.example.com");
    expect(far.status).toBe(503);
    const text = await far.text();
    for (const part of named) expect(text, "nothing of it to strangers").not.toContain(part);
    const near = await ask("http://127.0.0.1:8787");
    expect(near.status).toBe(503);
    const [shown, log] = [await near.text(), said.mock.calls.map(([line]) => String(line)).join("\n")];
    for (const part of [...named, ".dev.vars", "npx wrangler secret put"]) {
      expect(shown).toContain(part);
      expect(log).toContain(part);
    }
  } finally {
    said.mockRestore();
  }
});

test("a setting that cannot be is said as one that is missing", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const made = new OAuthProvider<Bound>({
      apiHandlers: { "/mcp": handler },
      defaultHandler: new GitHubHandler({ clientId: "id", clientSecret: "secret", allow: "anyone" }),
      // What can be told without an environment is refused when the provider is made.
      resourceServers: { files: () => "short" },
    });
    const ask = (site: string) => made.fetch(new Request(`${site}/token`), env as never, createExecutionContext());
    const far = await ask("https://mcp.example.com");
    expect([far.status, await far.text()]).toEqual([503, expect.not.stringContaining("files")]);
    const near = await ask("http://127.0.0.1:8787");
    expect([near.status, await near.text()]).toEqual([503, expect.stringContaining("resourceServers.files must have")]);
    expect(said.mock.calls.map(([line]) => String(line)).join("\n")).toContain("resourceServers.files must have");
  } finally {
    said.mockRestore();
  }
});

test("with everything set it answers, also after it did not", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const fetch = provider();
    const ask = (bound: Bound) =>
      fetch(
        new Request("https://mcp.example.com/.well-known/oauth-authorization-server"),
        { ...env, ...bound },
        createExecutionContext(),
      );
    expect((await ask({ ...set, GITHUB_CLIENT_SECRET: undefined, WICKET_SECRET })).status).toBe(503);
    expect((await ask({ ...set, WICKET_SECRET })).status).toBe(200);
  } finally {
    said.mockRestore();
  }
});

test("a verifier without its secret takes no token, whoever asks it", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const verifier = new JWTVerifier({ ...issued, secret: undefined });
    await expect(verifier.verify("eyJhbGciOiJub25lIn0.e30.")).rejects.toMatchObject({ code: "ERR_UNSET" });
    await expect(verifier.verify("")).rejects.toMatchObject({ code: "ERR_UNSET" });
  } finally {
    said.mockRestore();
  }
});

/** Code of the app's that never ends: what its callers are told, what the log says, and that nobody else notices. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  APIKeyVerifier,
  type Found,
  McpAgent,
  McpServer,
  type ProtectOptions,
  ResourceTemplate,
  type TokenVerifier,
  anyOf,
  completable,
  createMcpHandler,
  protect,
} from "mcp-wicket/jwt";
import { expect, test } from "vitest";
import * as z from "zod";
import { type ToolResult, modern } from "../../harness/messages.ts";
import { logOf } from "./lib/log.ts";

const url = "https://mcp.example.com/mcp";
const SHORT = 0.05;
const never = () => new Promise<never>(() => {});
const text = (text: string) => ({ content: [{ type: "text" as const, text }] });

type Handler = (request: Request, env: Cloudflare.Env, ctx: ExecutionContext) => Promise<Response>;

/** What a request comes to, and what the log says of it. */
async function answerOf(handler: Handler, request: Request) {
  const { value, log } = await logOf(async () => {
    const response = await handler(request, env, createExecutionContext());
    return { status: response.status, headers: response.headers, body: await response.text() };
  });
  return { ...value, log };
}

const call = (name: string, headers: Record<string, string> = {}) =>
  modern(url, "tools/call", { name, arguments: {} }, { headers });

const serverWith = (fill: (server: McpServer) => void, options = {}) =>
  createMcpHandler<Cloudflare.Env>(() => {
    const server = new McpServer({ name: "test", version: "1.0.0" });
    fill(server);
    return server;
  }, options);

test("a factory and an init that never end are 503 with Retry-After, and the log names them", async () => {
  class Hanging extends McpAgent<Cloudflare.Env> {
    override init = never;
  }
  const agent = Hanging.serve("/mcp", { callbackTimeout: SHORT });
  const hanging: [Handler, string][] = [
    [createMcpHandler<Cloudflare.Env>(never, { callbackTimeout: SHORT }), "The factory of createMcpHandler"],
    [(...request) => agent.fetch(...request), "init of Hanging"],
  ];
  for (const [handler, name] of hanging) {
    const { status, headers, body, log } = await answerOf(handler, call("any"));
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
    expect(body).toContain("The server is temporarily unavailable. Its log has the reason under");
    expect(log).toContain(`${name} timed out after 0.05 s`);
  }
});

test("toolTimeout: a tool that takes longer ends with an error that the model can read, and its signal fires", async () => {
  const fired: unknown[] = [];
  const handler = serverWith(
    (server) => {
      server.registerTool("slow", {}, ({ signal }) => {
        signal.addEventListener("abort", () => void fired.push(signal.reason));
        return never();
      });
      server.registerTool("quick", {}, () => Promise.resolve(text("quick")));
    },
    { toolTimeout: SHORT },
  );
  const { status, body, log } = await answerOf(handler, call("slow"));
  expect(status).toBe(200);
  const { result } = JSON.parse(body) as { result: ToolResult };
  expect(result).toMatchObject({ isError: true });
  expect(result.content[0]?.text).toMatch(
    /^The tool "slow" timed out after 0\.05 s\. The server's log has more under the ID /,
  );
  expect(log).toContain("The option toolTimeout sets the limit");
  expect(fired).toEqual([expect.objectContaining({ name: "CallbackTimeout" })]);
  expect((await answerOf(handler, call("quick"))).body).toContain('"text":"quick"');
});

test("toolTimeout holds for prompts and resources, callbackTimeout for completions", async () => {
  const handler = serverWith(
    (server) => {
      server.registerPrompt("slow", { argsSchema: { who: completable(z.string(), never) } }, never);
      server.registerResource("slow", "test://slow", {}, never);
      server.registerResource("template", new ResourceTemplate("test://{name}/slow", { list: undefined }), {}, never);
    },
    { toolTimeout: SHORT, callbackTimeout: SHORT },
  );
  const ref = { type: "ref/prompt", name: "slow" };
  const asked: [string, Record<string, unknown>, string][] = [
    ["prompts/get", { name: "slow", arguments: { who: "x" } }, 'The prompt "slow"'],
    ["resources/read", { uri: "test://slow" }, 'The resource "test://slow"'],
    ["resources/read", { uri: "test://a/slow" }, 'The resource "test://a/slow"'],
    ["completion/complete", { ref, argument: { name: "who", value: "" } }, 'The completion of "who"'],
  ];
  for (const [method, params, name] of asked) {
    const { body, log } = await answerOf(
      handler,
      modern(url, method, params, "uri" in params ? { headers: { "mcp-name": String(params.uri) } } : {}),
    );
    expect(JSON.parse(body), name).toHaveProperty("error");
    expect(log).toContain(`${name} timed out after 0.05 s`);
  }
});

test("a tool has no limit unless one is set", async () => {
  const handler = serverWith(
    // real time: longer than the limit of other functions, which is 0.05 s
    (server) => void server.registerTool("slow", {}, () => scheduler.wait(150).then(() => text("done"))),
    { callbackTimeout: SHORT },
  );
  expect((await answerOf(handler, call("slow"))).body).toContain('"text":"done"');
});

const open = serverWith((server) => void server.registerTool("any", {}, () => text("in")));
const guarded = (verifier: TokenVerifier<Cloudflare.Env>, options: ProtectOptions<Cloudflare.Env> = {}): Handler =>
  protect<Cloudflare.Env>(verifier, open, { callbackTimeout: SHORT, ...options }).fetch;
const bearer = { authorization: "Bearer some-token" };

test("a verifier and a look-up that never end are 503, not 401", async () => {
  const custom: TokenVerifier<Cloudflare.Env> = { issuers: [], identify: never };
  const keys = new APIKeyVerifier<Cloudflare.Env>({ keys: never, callbackTimeout: SHORT });
  const key = `Bearer wk_some_${"A".repeat(43)}`;
  for (const [handler, authorization, name] of [
    [guarded(custom), "Bearer some-token", "identify of the verifier"],
    [guarded(anyOf(keys)), key, "keys of APIKeyVerifier"],
    [guarded(anyOf(anyOf(custom))), "Bearer some-token", "identify of the verifier"],
  ] as const) {
    const warnings: string[] = [];
    const warn = console.warn;
    console.warn = (line: string) => void warnings.push(line);
    const { status, log } = await answerOf(handler, call("any", { authorization }));
    console.warn = warn;
    expect(status).toBe(503);
    expect(log + warnings.join("\n")).toContain(`${name} timed out after 0.05 s`);
  }
});

/** Everybody who shows this token is the same caller. */
function oneCaller(): TokenVerifier<Cloudflare.Env> {
  const caller: Found = { principal: "user:ann", scopes: new Set(), props: { sub: "ann" } };
  return { issuers: [], identify: () => caller };
}

test("a context of protect that never ends is 503; the next request asks again", async () => {
  let runs = 0;
  const context = () => (runs++ === 0 ? never() : { login: "ann" });
  const handler = guarded(oneCaller(), { context });
  const { status } = await answerOf(handler, call("any", bearer));
  expect(status).toBe(503);
  expect((await answerOf(handler, call("any", bearer))).status).toBe(200);
});

test("a context of protect runs once for a token, however many come with it at once", async () => {
  let runs = 0;
  let begun = 0;
  const context = async () => {
    runs++;
    while (begun < 50) await scheduler.wait(0);
    return { login: "ann" };
  };
  const handler = guarded(oneCaller(), { context, callbackTimeout: 5 });
  const ctx = createExecutionContext();
  const responses = await Promise.all(
    Array.from({ length: 50 }, () => {
      const response = handler(call("any", bearer), env, ctx);
      begun++;
      return response;
    }),
  );
  expect(responses.map(({ status }) => status)).toEqual(Array(50).fill(200));
  await Promise.all(responses.map((response) => response.text()));
  expect(runs).toBe(1);
});

test("limits that can be none are refused when they are set", () => {
  const factory = () => new McpServer({ name: "test", version: "1.0.0" });
  for (const wrong of [0, -1, 601, "10" as never]) {
    expect(() => createMcpHandler(factory, { toolTimeout: wrong })).toThrow(
      "`toolTimeout` must be a number of seconds",
    );
    expect(() => createMcpHandler(factory, { callbackTimeout: wrong })).toThrow("createMcpHandler: `callbackTimeout`");
    expect(() => guarded(oneCaller(), { callbackTimeout: wrong })).toThrow("protect: `callbackTimeout`");
    expect(() => new APIKeyVerifier({ keys: never, callbackTimeout: wrong })).toThrow("APIKeyVerifier");
  }
});

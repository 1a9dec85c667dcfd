/** Upstream credentials go back with the last grant, also when that runs out and nobody is there: the object's alarm does it. */
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { type AuditEvent, GitHubHandler, McpServer, OAuthProvider, createMcpHandler } from "mcp-wicket/oauth";
import { clock, signIn } from "mcp-wicket/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MyMCP } from "./app/worker.ts";

const SITE = "https://giving.example.com";
const audited: AuditEvent[] = [];
const provider = new OAuthProvider({
  apiHandlers: { "/mcp": createMcpHandler(() => new McpServer({ name: "giving", version: "1.0.0" })) },
  defaultHandler: new GitHubHandler({ clientId: "app", clientSecret: "secret", allow: "anyone" }),
  issuer: SITE,
  objects: "MyMCP",
  audit: (event) => void audited.push(event),
});

/** What GitHub is asked, and what it answers. */
const asked: string[] = [];
let status = 204;

beforeEach(() => {
  audited.length = asked.length = 0;
  status = 204;
});

afterEach(() => {
  clock.reset();
  vi.unstubAllGlobals();
});

/** From now on GitHub answers so. */
const gitHub = () =>
  vi.stubGlobal("fetch", (url: URL | string, init: RequestInit = {}) => {
    asked.push(`${init.method ?? "GET"} ${String(url)}`);
    return Promise.resolve(new Response(null, { status }));
  });

const namespace = (exports as unknown as Record<string, DurableObjectNamespace>)["MyMCP"] as DurableObjectNamespace;

/** The names of all objects that were asked something. */
const names = new Set<string>();
const objects = MyMCP.prototype as { wicketAsk: (name: string, call: string, input: string) => Promise<string> };
objects.wicketAsk = new Proxy(objects.wicketAsk, {
  apply(ask, object, [name, call, input]: [string, string, string]) {
    names.add(name);
    return Reflect.apply(ask, object, [name, call, input]);
  },
});

/** Lets the alarms of all objects go off; says how many credentials are left in them. */
async function alarms(): Promise<number> {
  let left = 0;
  for (const name of names) {
    left += await runInDurableObject(namespace.getByName(name), async (object, { storage }) => {
      await object.alarm?.();
      const tables = "SELECT 1 FROM sqlite_master WHERE name = 'wicket_rows'";
      if (storage.sql.exec(tables).toArray().length === 0) return 0;
      return storage.sql.exec("SELECT 1 FROM wicket_rows WHERE key LIKE 'due:%' OR key = 'credential'").toArray()
        .length;
    });
  }
  return left;
}

const DELETE = "DELETE https://api.github.com/applications/app/token";
const events = () => audited.map(({ event }) => event);

test("a grant that runs out takes its credential along: GitHub is told, and so is the operator", async () => {
  await signIn(provider, { person: { login: "ada" }, origin: SITE });
  gitHub();
  expect(await alarms()).toBe(1);
  expect(asked).toEqual([]);
  clock.advance("31d");
  expect(await alarms()).toBe(0);
  expect(asked).toEqual([DELETE]);
  expect(events()).toContain("upstream credential revoked");
});

test("where GitHub does not answer, the alarm tries again", async () => {
  await signIn(provider, { person: { id: 2, login: "grace" }, origin: SITE });
  gitHub();
  status = 503;
  clock.advance("31d");
  expect(await alarms()).toBe(1);
  expect(events()).toContain("upstream credential not revoked");
  status = 204;
  expect(await alarms()).toBe(1);
  expect(asked).toEqual([DELETE]);
  clock.advance("32d");
  expect(await alarms()).toBe(0);
  expect(asked).toEqual([DELETE, DELETE]);
});

test("what the person ends goes back at once", async () => {
  await signIn(provider, { person: { id: 3, login: "eve" }, origin: SITE });
  gitHub();
  const api = provider.api(env, createExecutionContext());
  await api.revokeGrant("*", "3");
  expect(asked).toEqual([DELETE]);
  expect(await alarms()).toBe(0);
});

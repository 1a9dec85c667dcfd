/** Machines beside people on one endpoint: `tokens` and `resolveExternalToken` of `OAuthProvider`. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { apiKey } from "../../../dist/cli/api-key.js";
import { COOKIES, ISSUER, JWT_SECRET, MACHINES, records, resolved, says, shown } from "./app/machines.ts";
import { audited } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const RESOLVING = "https://resolving.example.com";

/** A new key, and its record where the verifier finds it. */
async function keyOf(name: string, scope: string): Promise<string> {
  const { key, keys } = JSON.parse((await apiKey({ name, scope })).text) as {
    key: string;
    keys: { id: string; hash: string }[];
  };
  for (const record of keys) records.set(record.id, record);
  return key;
}

const text64 = (value: unknown) => lib.base64url(new TextEncoder().encode(JSON.stringify(value)));

/** A JWT of the other issuer. */
async function jwt(claims: Record<string, unknown>): Promise<string> {
  const usual = { iss: ISSUER, aud: `${MACHINES}/mcp`, sub: "1", exp: Math.floor(Date.now() / 1000) + 600 };
  const signed = `${text64({ alg: "HS256", typ: "JWT" })}.${text64({ ...usual, ...claims })}`;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(JWT_SECRET), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
  return `${signed}.${lib.base64url(new Uint8Array(signature))}`;
}

/** What the tool says, or status and challenge. */
async function said(response: Response): Promise<string> {
  const challenge = response.headers.get("www-authenticate") ?? "";
  if (response.status !== 200) return `${response.status} ${/error="([^"]+)"/.exec(challenge)?.[1] ?? ""}`.trim();
  const { result } = await response.json<{ result: { content: { text: string }[] } }>();
  return result.content[0]?.text ?? "";
}
const call = (token: string, tool = "whoami", site = MACHINES) => lib.whoami(token, site, tool);
const accepted = () => audited.filter(({ event }) => event === "external token accepted");

beforeEach(() => {
  audited.length = shown.length = resolved.length = 0;
  delete says.answer;
});

describe("tokens", () => {
  test("a key, a JWT and a person, each with props, scopes and a line for the operator", async () => {
    const key = await keyOf("ci", "read");
    expect(JSON.parse(await said(await call(key)))).toMatchObject({ sub: "ci" });
    expect(accepted()).toMatchObject([{ subject: "key:ci", scopes: ["read"], client: "ci" }]);
    const token = await jwt({ scope: "read write", client_id: "robot" });
    expect(JSON.parse(await said(await call(token)))).toMatchObject({ sub: "1", iss: ISSUER });
    expect(accepted()[1]).toMatchObject({ client: "robot", scopes: ["read", "write"] });
    expect(accepted()[1]?.subject).toMatch(/^external:user:https%3A\/\/issuer\.example:1$/);
    const { tokens } = await lib.signIn({ site: MACHINES });
    expect(await said(await call(tokens.access_token))).toBe('{"login":"ann"}');
    expect(accepted()).toHaveLength(2);
    await call(key);
    await call(token);
    expect(accepted()).toHaveLength(2);
  });

  test("a key in a header of its own, and beside a token of ours", async () => {
    const key = await keyOf("worker", "read");
    const { tokens, client } = await lib.signIn({ site: MACHINES });
    const ask = async (headers: Record<string, string>) => {
      const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
      const response = await lib.send(`${MACHINES}/mcp`, {
        ...init,
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "whoami", arguments: {} },
        }),
      });
      return said(response);
    };
    expect(await ask({ "x-api-key": key })).toContain('"worker"');
    const authorization = `Bearer ${tokens.access_token}`;
    expect(await ask({ authorization, "x-api-key": key })).toBe('{"login":"ann"}');
    // A token of ours that has ended is refused, whatever else is there.
    await lib.send(`${MACHINES}/revoke`, lib.form({ client_id: client.client_id, token: tokens.access_token }));
    expect(await ask({ authorization, "x-api-key": key })).toBe("401 invalid_token");
    expect(await ask({ "x-api-key": "nonsense" })).toBe("401 invalid_token");
  });

  test("required scopes and step-up are the same for both", async () => {
    expect(await said(await call(await keyOf("reader", "read"), "change"))).toBe("403 insufficient_scope");
    expect(await said(await call(await keyOf("writer", "read write"), "change"))).toBe("changed");
    const without = await call(await keyOf("nobody", "other"));
    expect(await said(without)).toBe("403 insufficient_scope");
    expect(without.headers.get("www-authenticate")).toContain('scope="read"');
    const { tokens } = await lib.signIn({ site: MACHINES, more: { scope: "read" } });
    expect(await said(await call(tokens.access_token, "change"))).toBe("403 insufficient_scope");
  });

  test("whoever is called like a person of ours is somebody else", async () => {
    expect(await said(await call("careless"))).toBe('{"login":"careless"}');
    expect(accepted()).toMatchObject([{ subject: "external:user:app:ann" }]);
  });

  test("no token of ours, good or not, reaches another verifier", async () => {
    const { tokens, client } = await lib.signIn({ site: MACHINES });
    const got = await lib.code(client, { site: MACHINES });
    const elsewhere = await lib.signIn();
    const ours = [tokens.access_token, tokens.refresh_token, got.code, elsewhere.tokens.access_token];
    ours.push(`${tokens.access_token.slice(0, -4)}AAAA`);
    ours.push((await lib.signIn({ site: "https://jwt.example.com" })).tokens.access_token);
    for (const token of ours) {
      const answer = await said(await call(token));
      expect(answer).toBe(token === tokens.access_token ? '{"login":"ann"}' : "401 invalid_token");
    }
    expect(shown).toEqual([]);
    // And what is not ours gets nowhere here.
    expect(await said(await call("nonsense"))).toBe("401 invalid_token");
    expect(shown).toEqual(["Bearer nonsense"]);
    for (const path of ["/token", "/revoke", "/introspect"]) {
      const key = await keyOf("thief", "read");
      const fields = { grant_type: "refresh_token", client_id: client.client_id, refresh_token: key, token: key };
      const answer = await (await lib.send(MACHINES + path, lib.form(fields))).text();
      expect(answer).not.toMatch(/access_token|"active":true/);
    }
  });

  test.each(["/mcp", "/api"])(
    "where browsers add what identifies the caller, pages of others may not call: %s",
    async (path) => {
      const call = (method: string, origin?: string) => {
        const headers = { cookie: "who=ann", ...(origin !== undefined && { origin }) };
        return lib.send(COOKIES + path, { method, headers });
      };
      expect((await call("POST", "https://evil.example")).status).toBe(403);
      expect((await call("POST", "null")).status).toBe(403);
      const own = await call("POST", COOKIES);
      expect(own.status).not.toBe(403);
      if (path === "/mcp") return;
      expect(await own.json()).toEqual({ login: "ann" });
      expect(await (await call("HEAD")).text()).toBe("");
      expect((await call("GET", "https://evil.example")).status).toBe(403);
      const preflight = { "access-control-request-method": "POST", origin: "https://evil.example" };
      const answer = await lib.send(COOKIES + path, { method: "OPTIONS", headers: preflight });
      expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    },
  );

  test("a JWT for another server, forged or over is refused, and one without a token is told how to sign in", async () => {
    const good = await jwt({ scope: "read" });
    for (const wrong of [
      await jwt({ scope: "read", aud: "https://other.example/mcp" }),
      await jwt({ scope: "read", exp: 1 }),
      `${good.slice(0, -4)}AAAA`,
    ]) {
      expect(await said(await call(wrong))).toBe("401 invalid_token");
    }
    const challenge = (await lib.send(`${MACHINES}/mcp`, { method: "POST" })).headers.get("www-authenticate");
    expect(challenge).toBe(
      `Bearer scope="read", resource_metadata="${MACHINES}/.well-known/oauth-protected-resource/mcp"`,
    );
  });
});

describe("resolveExternalToken", () => {
  const ask = (token: string, headers: Record<string, string> = {}, tool = "whoami") =>
    lib.send(`${RESOLVING}/mcp`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {} } }),
    });

  test("it gives props and scopes, each token is somebody of its own, and is asked each time", async () => {
    expect(await said(await ask("opaque-1"))).toBe('{"login":"opaque-1"}');
    expect(await said(await ask("opaque-1"))).toBe('{"login":"opaque-1"}');
    expect(await said(await ask("opaque-2", { "x-scopes": "write" }, "change"))).toBe("changed");
    expect(await said(await ask("opaque-2", {}, "change"))).toBe("403 insufficient_scope");
    expect(resolved.map(({ token }) => token)).toEqual(["opaque-1", "opaque-1", "opaque-2", "opaque-2"]);
    expect(resolved[0]?.path).toBe("/mcp");
    const subjects = new Set(accepted().map(({ subject }) => subject));
    expect([subjects.size, [...subjects].every((subject) => subject?.startsWith("external:token:"))]).toEqual([
      2,
      true,
    ]);
    expect(JSON.stringify(audited)).not.toContain("opaque");
  });

  test("an audience has to be this server's", async () => {
    for (const audience of [`${RESOLVING}/mcp`, RESOLVING, `${RESOLVING}/`]) {
      expect(await said(await ask("opaque-3", { "x-audience": audience }))).toBe('{"login":"opaque-3"}');
    }
    for (const audience of ["https://other.example/mcp", `${RESOLVING}.evil.example/mcp`, "mcp"]) {
      expect(await said(await ask("opaque-3", { "x-audience": audience }))).toBe("401 invalid_token");
    }
  });

  const cycle: Record<string, unknown> = {};
  cycle["me"] = cycle;
  const later = Math.floor(Date.now() / 1000) + 600;
  test.each<[string, unknown]>([
    ["false", false],
    ["undefined", undefined],
    ["nothing", 0],
    ["true", true],
    ["a text", "invalid"],
    ["a list", []],
    ["a function", () => ({ props: {} })],
    ["a Map", new Map([["props", {}]])],
    ["a Response", new Response(null, { status: 401 })],
    ["RFC 7662", { active: false }],
    ["RFC 7662, active", { active: true, sub: "ann", exp: later }],
    ["an error", { error: "invalid_token" }],
    ["what refers to itself", cycle],
    ["aud", { props: {}, aud: RESOLVING }],
    ["an audience of null", { props: {}, audience: null }],
    ["an audience of undefined", { props: {}, audience: undefined }],
    ["an empty audience", { props: {}, audience: "" }],
    ["an audience of 7", { props: {}, audience: 7 }],
    ["a text for a date", { props: {}, expires: "2020-01-01" }],
    ["a text of digits", { props: {}, expires: String(later) }],
    ["a Date", { props: {}, expires: new Date(later * 1000) }],
    ["a bigint", { props: {}, expires: BigInt(later) }],
    ["NaN", { props: {}, expires: NaN }],
    ["Infinity", { props: {}, expires: Infinity }],
    ["an end that is undefined", { props: {}, expires: undefined }],
    ["milliseconds", { props: {}, expires: later * 1000 }],
    ["the past", { props: {}, expires: later - 601 }],
    ["scopes as a text", { props: {}, scopes: "read" }],
    ["scopes as a Set", { props: {}, scopes: new Set(["read"]) }],
    ["scopes as numbers", { props: {}, scopes: [1] }],
    ["a subject of 7", { props: {}, subject: 7 }],
    ["props as a text", { props: "ann" }],
  ])("an answer that is understood in part lets nobody in: %s", async (_, answer) => {
    says.answer = answer;
    expect(await said(await ask("opaque-9"))).toBe("401 invalid_token");
    expect(accepted()).toEqual([]);
    // And one that is whole does.
    says.answer = { props: { login: "ann" }, audience: [RESOLVING], scopes: ["write"], subject: "ann", expires: later };
    expect(await said(await ask("opaque-9", {}, "change"))).toBe("changed");
  });

  test("the log says what is wrong with an answer, and the client learns nothing of it", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    says.answer = { active: false };
    const refused = await ask("opaque-8");
    expect([...refused.headers].join() + (await refused.text())).not.toMatch(/active|resolveExternalToken/);
    expect(JSON.stringify(warned.mock.calls)).toMatch(/resolveExternalToken.*unknown member.*active/);
    warned.mockRestore();
  });

  test("null is 401, a failure is 503, and a token of ours is never asked about", async () => {
    expect(await said(await ask("unknown"))).toBe("401 invalid_token");
    expect((await ask("broken")).status).toBe(503);
    resolved.length = 0;
    const { tokens } = await lib.signIn({ site: RESOLVING });
    for (const token of [tokens.access_token, tokens.refresh_token]) await ask(token);
    expect(resolved).toEqual([]);
  });
});

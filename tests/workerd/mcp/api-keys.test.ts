/** API keys in workerd: what is kept of them, who comes in, and what is said where a record is wrong. */
import { describe, expect, test, vi } from "vitest";
import {
  APIKeyVerifier,
  type APIKeyRecord,
  JWTVerifier,
  McpServer,
  anyOf,
  createMcpHandler,
  protect,
} from "mcp-wicket/jwt";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { apiKey } from "../../../js/cli/api-key.ts";
import { type ToolList, type ToolResult, initialize, legacy, modern } from "../../harness/messages.ts";
import { AUDIENCE, ISSUER, SECRET, claimsOf, hs256 } from "./lib/tokens.ts";
import { clock } from "mcp-wicket/testing";
import { watched } from "./lib/schema.ts";

interface Made {
  key: string;
  keys: APIKeyRecord[];
}
const made = async (options: Partial<Parameters<typeof apiKey>[0]> = {}, now?: number): Promise<Made> =>
  JSON.parse((await apiKey({ name: "build", ...options }, now)).text) as Made;

const reason = (verifier: APIKeyVerifier, key: string) =>
  verifier.verify(key, env).then(
    () => "taken",
    (error: unknown) => (error as Error).message,
  );

const handler = createMcpHandler(({ props }) => {
  const server = new McpServer({ name: "test", version: "1.0.0" });
  const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });
  server.registerTool("whoami", {}, ({ caller }) => text({ props, principal: caller?.principal }));
  server.registerTool("write", { scopes: ["write"] }, () => text("written"));
  server.registerTool("headers", {}, ({ requestInfo }) => text(requestInfo.headers));
  return server;
});
const served = (verifier: Parameters<typeof protect>[0]) => {
  const { fetch } = protect(verifier, handler);
  return watched((request) => fetch(request, env, createExecutionContext()));
};
const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const whoami = (key: string) => modern(AUDIENCE, "tools/call", { name: "whoami" }, as(key));
const said = async (response: Response) => {
  const { result } = await response.json<{ result: ToolResult }>();
  return JSON.parse(result.content[0]?.text ?? "") as { props: object; principal: string };
};

test("a key that the command has made comes in, and its record says as whom", async () => {
  const { key, keys } = await made({ scope: "read write" });
  expect(key).toMatch(/^wk_[a-z2-9]{12}_[\w-]{43}$/);
  expect(JSON.stringify(keys)).not.toContain(key.split("_").slice(2).join("_"));
  const records = [{ ...keys[0], props: { team: "docs" } }] as APIKeyRecord[];
  for (const given of [records, JSON.stringify(records)]) {
    const worker = served(new APIKeyVerifier({ keys: given }));
    expect(await said(await worker(whoami(key)))).toEqual({
      props: { sub: "build", key: keys[0]?.id, team: "docs" },
      principal: "key:build",
    });
    const listed = await (await worker(modern(AUDIENCE, "tools/list", {}, as(key)))).json<{ result: ToolList }>();
    expect(listed.result.tools.map(({ name }) => name)).toEqual(["whoami", "write", "headers"]);
  }
});

test("what a handler knows of a key, in the official SDK's shape: its name stands for the client", async () => {
  const { key, keys } = await made({ scope: "read write" });
  const known = createMcpHandler(() => {
    const server = new McpServer({ name: "test", version: "1.0.0" });
    server.registerTool("auth", {}, ({ authInfo }) => ({
      content: [{ type: "text" as const, text: JSON.stringify(authInfo) }],
    }));
    return server;
  });
  const authOf = async (record: Partial<APIKeyRecord>) => {
    const { expires: _, ...kept } = keys[0] as APIKeyRecord;
    const verifier = new APIKeyVerifier({ keys: [{ ...kept, ...record }] });
    const request = modern(AUDIENCE, "tools/call", { name: "auth" }, as(key));
    const response = await protect(verifier, known).fetch(request, env, createExecutionContext());
    const { result } = await response.json<{ result: ToolResult }>();
    return JSON.parse(result.content[0]?.text ?? "") as unknown;
  };
  const id = keys[0]?.id;
  const auth = { clientId: "build", scopes: ["read", "write"], extra: { sub: "build", key: id } };
  expect(await authOf({})).toEqual(auth);
  const expires = "2099-12-31T00:00:00Z";
  expect(await authOf({ expires })).toEqual({ ...auth, expiresAt: Date.parse(expires) / 1000 });
});

test("scopes that a key does not have", async () => {
  const { key, keys } = await made();
  const response = await served(new APIKeyVerifier({ keys }))(
    modern(AUDIENCE, "tools/call", { name: "write" }, as(key)),
  );
  expect(response.status).toBe(403);
  expect(response.headers.get("www-authenticate")).toContain('scope="write"');
});

describe("what is no key", () => {
  test("anything but the key itself", async () => {
    const { key, keys } = await made();
    const { key: another } = await made({ list: JSON.stringify(keys) });
    const verifier = new APIKeyVerifier({ keys });
    const [, id = "", secret = ""] = /^wk_([^_]+)_(.*)$/.exec(key) ?? [];
    const [, otherId = "", otherSecret = ""] = /^wk_([^_]+)_(.*)$/.exec(another) ?? [];
    const shape = "not an API key of this server";
    for (const [text, words] of [
      ["", "malformed|not an API key"],
      ["wk", shape],
      [`wk_${id}`, shape],
      [`wk_${id}_`, shape],
      [`wk__${secret}`, shape],
      [`ak_${id}_${secret}`, shape],
      [`WK_${id}_${secret}`, shape],
      [`wk_${id}_${secret}=`, shape],
      [`wk_${id}_${secret.slice(1)}`, shape],
      [`wk_${id}_A${secret}`, shape],
      [` ${key}`, shape],
      [`wk_${id}_${otherSecret}`, "the secret does not match"],
      [`wk_${otherId}_${secret}`, "does not exist"],
      [another, "does not exist"],
      [`wk_${id}_${keys[0]?.hash ?? ""}`, "the secret does not match"],
    ] as const) {
      expect(await reason(verifier, text), text).toMatch(new RegExp(words));
    }
    expect(await reason(verifier, key)).toBe("taken");
  });

  test("any single bit of a key that is flipped", async () => {
    const { key, keys } = await made();
    const verifier = new APIKeyVerifier({ keys });
    const bytes = new TextEncoder().encode(key);
    for (let at = 0; at < bytes.length * 8; at++) {
      const flipped = bytes.slice();
      flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(await reason(verifier, new TextDecoder("latin1").decode(flipped)), String(at)).not.toBe("taken");
    }
  });

  test("the answer does not tell which part was wrong", async () => {
    const { key, keys } = await made();
    const worker = served(new APIKeyVerifier({ keys }));
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const flip = key.endsWith("A") ? "B" : "A";
    const answers = await Promise.all(
      [`${key.slice(0, -2)}${flip}A`, key.replace(keys[0]?.id ?? "", "nobody"), "wk_x"].map(async (bad) => {
        const response = await worker(whoami(bad));
        return [response.status, response.headers.get("www-authenticate"), await response.text()];
      }),
    );
    const log = warned.mock.calls.map(String).join("\n");
    warned.mockRestore();
    expect(answers[0]?.[0]).toBe(401);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(log).toContain("secret");
    expect(log).not.toContain(key.slice(-30));
  });
});

test("a key ends when its record says", async () => {
  const { key, keys } = await made({ days: "1" }, Date.now() - 86_400_000 + 1_000);
  const verifier = new APIKeyVerifier({ keys });
  expect(await reason(verifier, key)).toBe("taken");
  clock.advance(1.1);
  expect(await reason(verifier, key)).toContain("has expired");
  clock.reset();
});

test("rotation: two keys of a name are one principal, and a session goes on with the new one", async () => {
  const first = await made();
  const second = await made({ list: JSON.stringify(first.keys) });
  expect(second.keys).toHaveLength(2);
  const worker = served(new APIKeyVerifier({ keys: second.keys }));
  const begun = await worker(initialize(AUDIENCE, as(first.key)));
  const session = begun.headers.get("mcp-session-id") ?? "";
  const ping = (key: string) => worker(legacy(AUDIENCE, "ping", {}, { ...as(key), session }));
  expect([(await ping(first.key)).status, (await ping(second.key)).status]).toEqual([200, 200]);
  const { key: mallory, keys } = await made({ name: "mallory" });
  const all = served(new APIKeyVerifier({ keys: [...second.keys, ...keys] }));
  expect((await all(legacy(AUDIENCE, "ping", {}, { ...as(mallory), session }))).status).toBe(404);
  const without = served(new APIKeyVerifier({ keys: second.keys.slice(1) }));
  const silent = vi.spyOn(console, "warn").mockImplementation(() => {});
  expect((await without(whoami(first.key))).status).toBe(401);
  silent.mockRestore();
});

test("a pepper: a hash without it, or with another, opens nothing; a former one still counts while it is listed", async () => {
  const [old, now] = ["old-pepper-of-thirty-two-bytes-or-more", "new-pepper-of-thirty-two-bytes-or-more"];
  const [plain, peppered] = [await made(), await made({ pepper: old })];
  const keys = [...plain.keys, ...peppered.keys];
  expect(await reason(new APIKeyVerifier({ keys, pepper: old }), peppered.key)).toBe("taken");
  expect(await reason(new APIKeyVerifier({ keys, pepper: [now, old] }), peppered.key)).toBe("taken");
  expect(await reason(new APIKeyVerifier({ keys, pepper: [old, undefined] }), plain.key)).toContain(
    "the secret does not match",
  );
  expect(await reason(new APIKeyVerifier({ keys, pepper: now }), peppered.key)).toContain("the secret does not match");
  expect(await reason(new APIKeyVerifier({ keys }), peppered.key)).toContain("the secret does not match");
});

describe("records that are looked up", () => {
  test("once a minute for each key, by its id and with the environment", async () => {
    const { key, keys } = await made();
    const asked: unknown[] = [];
    const verifier = new APIKeyVerifier({
      keys: (id, env) => {
        asked.push([id, env]);
        return Promise.resolve(keys.find((record) => record.id === id));
      },
    });
    const worker = served(verifier);
    for (let n = 0; n < 3; n++) expect((await worker(whoami(key))).status).toBe(200);
    expect(asked).toEqual([[keys[0]?.id, env]]);
    expect(await reason(verifier, (await made()).key)).toContain("does not exist");
    expect(asked).toHaveLength(2);
  });

  test("look-ups of strangers that do not end are in nobody's way who was good before, or is of another network", async () => {
    const [known, fresh] = [await made(), await made()];
    const strangers = await Promise.all(Array.from({ length: 60 }, () => made()));
    const records = [...known.keys, ...fresh.keys];
    let end = () => {};
    const ended = new Promise<null>((resolve) => (end = () => resolve(null)));
    const pending: string[] = [];
    const verifier = new APIKeyVerifier({
      keys: (id) => {
        const found = records.find((record) => record.id === id);
        if (!found) pending.push(id);
        return found ?? ended;
      },
    });
    const worker = served(verifier);
    const from = (key: string, peer: string) =>
      worker(
        modern(
          AUDIENCE,
          "tools/call",
          { name: "whoami" },
          { headers: { ...as(key).headers, "cf-connecting-ip": peer } },
        ),
      );
    expect((await from(known.key, "192.0.2.1")).status).toBe(200);
    const silent = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      // One network, whichever of its addresses it uses, has a part of the places.
      const asked = strangers.map(({ key }, n) => from(key, `2001:db8:1:${n.toString(16)}::1`));
      await vi.waitFor(() => expect(pending).toHaveLength(16));
      expect((await from(fresh.key, "192.0.2.2")).status).toBe(200);
      // Many networks have all of them; whoever was good before goes on all the same.
      const others = await Promise.all(Array.from({ length: 48 }, () => made()));
      const more = others.map(({ key }, n) => from(key, `198.51.100.${String(n)}`));
      await vi.waitFor(() => expect(pending).toHaveLength(64));
      clock.advance("2m");
      expect((await from(known.key, "192.0.2.1")).status).toBe(200);
      end();
      const statuses = (await Promise.all([...asked, ...more])).map(({ status }) => status);
      expect([401, 503].map((code) => statuses.filter((status) => status === code).length)).toEqual([64, 44]);
    } finally {
      clock.reset();
      silent.mockRestore();
    }
  });

  test("a lookup that fails, another's record, or a broken one: nobody comes in", async () => {
    const { key, keys } = await made();
    const { keys: others } = await made();
    const silent = [vi.spyOn(console, "warn"), vi.spyOn(console, "error")].map((it) => it.mockImplementation(() => {}));
    for (const [find, status] of [
      [() => Promise.reject(new Error("the database is away")), 503],
      [() => others[0], 503],
      [() => ({ ...keys[0], hash: "short" }) as APIKeyRecord, 503],
      [() => ({ ...keys[0], hash: others[0]?.hash }) as APIKeyRecord, 401],
      [() => null, 401],
      [() => undefined, 401],
    ] as const) {
      expect((await served(new APIKeyVerifier({ keys: find }))(whoami(key))).status).toBe(status);
    }
    for (const one of silent) one.mockRestore();
  });
});

describe("options are checked when the verifier is made", () => {
  const id = "a";
  const hash = "A".repeat(43);
  const bad: [string, object, string][] = [
    ["no JSON", { keys: "wk_a_b" }, "`keys` must be a list of records"],
    ["an empty list", { keys: "[]" }, "`keys` is empty"],
    ["no id", { keys: [{ hash }] }, "`keys[0]` must have an `id`"],
    ["an odd id", { keys: [{ id: "a_b", hash }] }, "`keys[0]` must have an `id`"],
    ["no hash", { keys: [{ id, hash }, { id: "b" }] }, "`keys[1]` must have the `hash`"],
    ["a hash of another length", { keys: [{ id, hash: "AAAA" }] }, "must have the `hash`"],
    [
      "an id twice",
      {
        keys: [
          { id, hash },
          { id, hash },
        ],
      },
      "`keys[1]` has the same `id` as another",
    ],
    ["the key itself", { keys: [{ id, hash, note: `wk_a_${hash}` }] }, "contains a key"],
    ["an empty name", { keys: [{ id, hash, name: "" }] }, "has a `name`"],
    ["scopes in one text", { keys: [{ id, hash, scopes: "a b" }] }, "has `scopes`"],
    ["a scope with a space", { keys: [{ id, hash, scopes: ["a b"] }] }, "has `scopes`"],
    ["no date", { keys: [{ id, hash, expires: "soon" }] }, "`expires` that is not a date"],
    ["props that say who", { keys: [{ id, hash, props: { sub: "root" } }] }, "`props`"],
    ["a prefix of one letter", { keys: [{ id, hash }], prefix: "k" }, "`prefix` must be"],
    ["a prefix in capitals", { keys: [{ id, hash }], prefix: "Key" }, "`prefix` must be"],
    ["a short pepper", { keys: [{ id, hash }], pepper: "short" }, "`pepper` must have at least 32 bytes"],
  ];
  test.each(bad)("%s", (_, options, words) => {
    expect(() => new APIKeyVerifier(options as never)).toThrow(
      expect.objectContaining({ code: "ERR_OPTIONS", message: expect.stringContaining(words) as unknown }),
    );
  });
});

describe("beside JWTs", () => {
  test("each comes in as itself, and neither as the other; what is remembered crosses no more", async () => {
    const { key, keys } = await made();
    const jwts = new JWTVerifier({ secret: SECRET, issuer: ISSUER, audience: AUDIENCE });
    const apiKeys = new APIKeyVerifier({ keys });
    const worker = served(anyOf(jwts, apiKeys));
    const token = await hs256(claimsOf({ sub: "build" }));
    expect((await said(await worker(whoami(key)))).principal).toBe("key:build");
    expect((await said(await worker(whoami(token)))).principal).toBe("user:https%3A//issuer.example:build");
    const asked = [jwts, apiKeys].map((verifier) => vi.spyOn(verifier, "identify"));
    expect((await said(await worker(whoami(key)))).principal).toBe("key:build");
    expect(asked.map((it) => it.mock.calls.length)).toEqual([0, 0]);
  });
});

test("a header of its own", async () => {
  const { key, keys } = await made();
  const worker = served(new APIKeyVerifier({ keys, header: "x-api-key" }));
  const call = (headers: Record<string, string>) =>
    worker(modern(AUDIENCE, "tools/call", { name: "whoami" }, { headers }));
  expect((await call({ "x-api-key": key })).status).toBe(200);
  expect((await call({ authorization: `Bearer ${key}` })).status).toBe(401);
});

test("a key in a header of its own reaches no handler, also beside other verifiers", async () => {
  const { key, keys } = await made();
  const verifier = new APIKeyVerifier({ keys, header: "X-Build-Key" });
  const jwt = new JWTVerifier({ secret: SECRET, issuer: ISSUER, audience: AUDIENCE });
  for (const worker of [served(verifier), served(anyOf(jwt, verifier))]) {
    const headers = { "x-build-key": key, "x-trace": "t1" };
    const response = await worker(modern(AUDIENCE, "tools/call", { name: "headers" }, { headers }));
    const text = await response.text();
    expect(text).toContain("x-trace");
    expect(text).not.toContain(key);
  }
});

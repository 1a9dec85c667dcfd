/** Each parameter absent, empty, doubled, foreign, malformed: who is told what, and that nothing happens. */
import { beforeAll, describe, expect, test } from "vitest";
import * as lib from "./lib/client.ts";

let client: lib.Registered;
let other: lib.Registered;
beforeAll(async () => {
  client = await lib.register();
  other = await lib.register({ client_name: "Another", redirect_uris: ["https://another.example/cb"] });
});

/** Sends an authorization request as it is written. */
const authorize = (query: string) => lib.send(`${lib.SITE}/authorize?${query}`);

/** What the client is told, where it is told at all: by a page that names the host and waits for a click. */
async function told(response: Response): Promise<{ error: string | null; state: string | null; iss: string | null }> {
  const page = await response.text();
  expect([response.status, response.headers.get("location")]).toEqual([400, null]);
  expect(page).toContain("client.example");
  const url = new URL(lib.clickIn(page));
  expect(`${url.origin}${url.pathname}`).toBe(lib.REDIRECT);
  expect(url.searchParams.get("code")).toBeNull();
  const get = (name: string) => url.searchParams.get(name);
  return { error: get("error"), state: get("state"), iss: get("iss") };
}

describe("authorize", () => {
  const set = async (name: string, value: string | undefined) => {
    const { params } = await lib.asking(client);
    const query = new URLSearchParams(params);
    if (value === undefined) query.delete(name);
    else query.set(name, value);
    return query;
  };

  test.each([
    ["client_id", undefined],
    ["client_id", ""],
    ["client_id", "c_unknownunknownunknownunknownunkn"],
    ["client_id", "'\"><script>alert(1)</script>"],
    ["client_id", "../../etc/passwd"],
    ["client_id", "x".repeat(5000)],
    ["redirect_uri", "https://evil.example/cb"],
    ["redirect_uri", "https://client.example/cb/"],
    ["redirect_uri", "https://client.example/cb?x=1"],
    ["redirect_uri", "https://client.example/CB"],
    ["redirect_uri", "https://client.example:8443/cb"],
    ["redirect_uri", "http://client.example/cb"],
    ["redirect_uri", "https://client.example@evil.example/cb"],
    ["redirect_uri", "https://evil.example/https://client.example/cb"],
    ["redirect_uri", "https://another.example/cb"],
    ["redirect_uri", "javascript:alert(1)"],
    ["redirect_uri", "https://client.example/cb#fragment"],
  ])("%s = %s stays here", async (name, value) => {
    const response = await authorize((await set(name, value)).toString());
    expect(response.status).toBe(400);
    expect(response.headers.get("location")).toBeNull();
    const page = await response.text();
    expect(page).not.toContain("<script");
    expect(page).not.toContain('http-equiv="refresh"');
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("same-origin");
  });

  test.each(["client_id", "redirect_uri"])("%s twice stays here", async (name) => {
    const { params } = await lib.asking(client);
    const response = await authorize(
      `${new URLSearchParams(params).toString()}&${name}=${encodeURIComponent(params[name] ?? "")}`,
    );
    expect([response.status, response.headers.get("location")]).toEqual([400, null]);
  });

  test.each([
    ["response_type", undefined, "invalid_request"],
    ["response_type", "", "invalid_request"],
    ["response_type", "token", "unsupported_response_type"],
    ["response_type", "code id_token", "unsupported_response_type"],
    ["response_mode", "fragment", "invalid_request"],
    ["code_challenge", undefined, "invalid_request"],
    ["code_challenge", "", "invalid_request"],
    ["code_challenge", "short", "invalid_request"],
    ["code_challenge", "x".repeat(44), "invalid_request"],
    ["code_challenge", `${"x".repeat(42)}=`, "invalid_request"],
    ["code_challenge_method", undefined, "invalid_request"],
    ["code_challenge_method", "", "invalid_request"],
    ["code_challenge_method", "plain", "invalid_request"],
    ["code_challenge_method", "s256", "invalid_request"],
    ["scope", 'read "write"', "invalid_scope"],
    ["resource", "https://evil.example/mcp", "invalid_target"],
    ["resource", `${lib.SITE}/mcp#x`, "invalid_target"],
    ["resource", `${lib.SITE}/mcp2`, "invalid_target"],
    ["request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"],
    ["request_uri", "https://evil.example/request", "request_uri_not_supported"],
    ["prompt", "none", "interaction_required"],
  ])("%s = %s is told to the client", async (name, value, error) => {
    const query = await set(name, value);
    expect(await told(await authorize(query.toString()))).toEqual({ error, state: query.get("state"), iss: lib.SITE });
  });

  test("a state of more than 2 KB is not repeated", async () => {
    const query = await set("state", "x".repeat(2049));
    expect(await told(await authorize(query.toString()))).toEqual({
      error: "invalid_request",
      state: null,
      iss: lib.SITE,
    });
  });

  test.each(["response_type", "code_challenge", "code_challenge_method", "scope", "resource", "nonsense"])(
    "%s twice is told to the client",
    async (name) => {
      const query = await set(name, (await set("x", "x")).get(name) ?? "read");
      query.append(name, query.get(name) ?? "");
      expect(await told(await authorize(query.toString()))).toMatchObject({ error: "invalid_request" });
    },
  );

  test("state twice: the client is told, without one", async () => {
    const query = await set("state", "one");
    query.append("state", "two");
    expect(await told(await authorize(query.toString()))).toEqual({
      error: "invalid_request",
      state: null,
      iss: lib.SITE,
    });
  });

  test("without a state the answer has none", async () => {
    const query = await set("state", undefined);
    query.set("response_type", "token");
    expect(await told(await authorize(query.toString()))).toEqual({
      error: "unsupported_response_type",
      state: null,
      iss: lib.SITE,
    });
  });

  test.each(["openid profile email", "unknown", "read  write", " read write "])(
    "scope = %s asks for the usual ones",
    async (scope) => {
      const page = await (await authorize((await set("scope", scope)).toString())).text();
      expect(page).toContain("Read your things");
      expect(page).toContain("Change your things");
    },
  );

  test.each([lib.SITE, `${lib.SITE}/`, `${lib.SITE}/mcp/`, `${lib.SITE}/sse?x=1`])(
    "resource = %s means the one there is, at each step",
    async (resource) => {
      const got = await lib.code(client, { more: { resource } });
      const tokens: lib.Tokens = await (await lib.redeem(client, got, { resource })).json();
      expect((await lib.whoami(tokens.access_token)).status).toBe(200);
      expect((await lib.refresh(client, tokens.refresh_token, { resource })).status).toBe(200);
    },
  );

  test("known scopes are asked for, unknown ones fall away", async () => {
    const query = await set("scope", "read openid offline_access");
    const page = await (await authorize(query.toString())).text();
    expect(page).toContain("Read your things");
    expect(page).not.toContain("Change your things");
  });

  test("methods", async () => {
    expect((await lib.send(`${lib.SITE}/authorize`, { method: "PUT" })).status).toBe(405);
    expect((await lib.send(`${lib.SITE}/token`)).headers.get("allow")).toBe("POST");
  });

  test("a query that is no text", async () => {
    expect((await authorize("client_id=%ff")).status).toBe(400);
    expect((await authorize("client_id=%")).status).toBe(400);
  });
});

describe("consent", () => {
  const begun = async (user = "ann") => {
    const browser = new lib.Browser(user);
    const { params } = await lib.asking(client);
    const page = await (await browser.go(lib.authorizeUrl(params))).text();
    return { browser, params, sealed: lib.consentIn(page) };
  };
  const noWayOn = async (response: Response, status: number) => {
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain('http-equiv="refresh"');
    expect(response.headers.get("location")).toBeNull();
  };

  test("deny: the client is told, and nothing is kept", async () => {
    const { browser, params, sealed } = await begun();
    const url = new URL(lib.clickIn(await (await lib.decide(browser, sealed, "deny")).text()));
    expect(url.searchParams.get("error")).toBe("access_denied");
    expect([url.searchParams.get("state"), url.searchParams.get("iss")]).toEqual([params.state, lib.SITE]);
  });

  test("no scope left is a denial", async () => {
    const { browser, sealed } = await begun();
    const url = new URL(lib.clickIn(await (await lib.decide(browser, sealed, "allow", [])).text()));
    expect(url.searchParams.get("error")).toBe("access_denied");
  });

  test("a scope that was not asked for is not granted", async () => {
    const { browser, sealed } = await begun();
    const callback = lib.linkIn(await (await lib.decide(browser, sealed, "allow", ["read", "admin"])).text());
    const answer = await lib.arrive(browser, callback);
    expect(answer.searchParams.get("code")).not.toBeNull();
  });

  test("another browser's form, and none at all", async () => {
    const { sealed } = await begun();
    await noWayOn(await lib.decide(new lib.Browser("eve"), sealed), 403);
    const { browser } = await begun();
    await noWayOn(await lib.decide(browser, sealed), 403);
    await noWayOn(await lib.decide(browser, "nonsense"), 400);
    await noWayOn(await lib.decide(browser, ""), 400);
  });

  test.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "null", "sec-fetch-site": "none" },
    { origin: "null", "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])("posted by another site, or by a page that has none: %j", async (headers) => {
    const { browser, sealed } = await begun();
    const fields = lib.form([
      ["consent", sealed],
      ["decision", "allow"],
      ["scope", "read"],
    ]);
    const init = {
      ...fields,
      headers: { ...(fields.headers as Record<string, string>), ...(headers as Record<string, string>) },
    };
    await noWayOn(await browser.go(`${lib.SITE}/authorize`, init), 403);
  });

  test.each([
    {},
    { origin: lib.SITE },
    { origin: lib.SITE, "sec-fetch-site": "same-origin" },
    { origin: "null", "sec-fetch-site": "same-origin" },
  ])("posted by our own page: %j", async (headers) => {
    const { browser, sealed } = await begun();
    const fields = lib.form([
      ["consent", sealed],
      ["decision", "allow"],
      ["scope", "read"],
    ]);
    const init = {
      ...fields,
      headers: { ...(fields.headers as Record<string, string>), ...(headers as Record<string, string>) },
    };
    expect((await browser.go(`${lib.SITE}/authorize`, init)).status).toBe(200);
  });

  test.each([
    [[["decision", "maybe"]]],
    [[]],
    [
      [
        ["decision", "allow"],
        ["decision", "deny"],
      ],
    ],
  ] as [string, string][][][])("a decision that is none: %j", async (pairs) => {
    const { browser, sealed } = await begun();
    const fields: [string, string][] = [["consent", sealed], ["scope", "read"], ...pairs];
    await noWayOn(await browser.go(`${lib.SITE}/authorize`, lib.form(fields)), 400);
  });

  test("a sealed value of another kind is no form", async () => {
    const got = await lib.code(client);
    await noWayOn(await lib.decide(new lib.Browser("ann"), got.code), 400);
  });
});

describe("callback", () => {
  const state = async (browser: lib.Browser) => {
    const { params } = await lib.asking(client);
    return lib.allow(browser, lib.authorizeUrl(params));
  };

  test("without the binding cookie: 403, no code, and the right browser still gets one", async () => {
    const ann = new lib.Browser("ann");
    const callback = await state(ann);
    for (const browser of [new lib.Browser("eve"), new lib.Browser()]) {
      const response = await browser.go(callback);
      expect([response.status, response.headers.get("location")]).toEqual([403, null]);
    }
    // Eve's own binding cookie, under the name of Ann's.
    const eve = new lib.Browser("eve");
    await state(eve);
    const name = [...ann.cookies.keys()].find((name) => name.includes("sign-in")) ?? "";
    eve.cookies.set(name, [...eve.cookies.values()].at(-1) ?? "");
    expect((await eve.go(callback)).status).toBe(403);
    expect((await lib.arrive(ann, callback)).searchParams.get("code")).not.toBeNull();
  });

  test.each([
    "",
    "?state=",
    "?state=nonsense",
    "?state=AAAAAAAAAAAAAAAAAAAAAA&state=AAAAAAAAAAAAAAAAAAAAAA",
    "?code=x",
  ])("%s", async (query) => {
    const response = await new lib.Browser("ann").go(`${lib.SITE}/callback${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.get("location")).toBeNull();
  });

  test("nobody is signed in: the client is told", async () => {
    const browser = new lib.Browser();
    const answer = await lib.arrive(browser, await state(browser));
    expect(answer.searchParams.get("error")).toBe("access_denied");
    expect(answer.searchParams.get("code")).toBeNull();
  });
});

describe("token", () => {
  const redeeming = async () => {
    const got = await lib.code(client);
    return {
      grant_type: "authorization_code",
      client_id: client.client_id,
      code: got.code,
      code_verifier: got.verifier,
      redirect_uri: lib.REDIRECT,
    };
  };

  test.each([
    ["grant_type", undefined, "invalid_request"],
    ["grant_type", "password", "unsupported_grant_type"],
    ["grant_type", "client_credentials", "unauthorized_client"],
    ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "unauthorized_client"],
    ["client_id", undefined, "invalid_client"],
    ["client_id", "", "invalid_client"],
    ["code", undefined, "invalid_request"],
    ["code", "nonsense", "invalid_grant"],
    ["code_verifier", undefined, "invalid_request"],
    ["code_verifier", "", "invalid_request"],
    ["code_verifier", "short", "invalid_grant"],
    ["code_verifier", "x".repeat(129), "invalid_grant"],
    ["redirect_uri", "https://evil.example/cb", "invalid_grant"],
    ["resource", "https://evil.example/mcp", "invalid_target"],
    ["client_secret", "guessed", "invalid_client"],
  ])("%s = %s, and the code is still good", async (name, value, error) => {
    const fields: Record<string, string> = await redeeming();
    const { [name]: _, ...without } = fields;
    const [status, said] = await lib.errorOf(lib.token(value === undefined ? without : { ...fields, [name]: value }));
    expect([status, said]).toEqual([error === "invalid_client" ? 401 : 400, error]);
    expect((await lib.token(fields)).status).toBe(200);
  });

  test("each parameter twice, and the code is still good", async () => {
    const fields = await redeeming();
    for (const name of Object.keys(fields)) {
      const twice: [string, string][] = [...Object.entries(fields), [name, fields[name as keyof typeof fields]]];
      expect(await lib.errorOf(lib.send(`${lib.SITE}/token`, lib.form(twice)))).toEqual([400, "invalid_request"]);
    }
    expect((await lib.token(fields)).status).toBe(200);
  });

  test("another client's code, and an unknown client's", async () => {
    const fields = await redeeming();
    expect(await lib.errorOf(lib.token({ ...fields, client_id: other.client_id }))).toEqual([400, "invalid_grant"]);
    const unknown = "c_unknownunknownunknownunknownunkn";
    expect(await lib.errorOf(lib.token({ ...fields, code: "x", client_id: unknown }))).toEqual([401, "invalid_client"]);
    expect((await lib.token(fields)).status).toBe(200);
  });

  test("JSON, and parameters in the query, are not taken", async () => {
    const fields = await redeeming();
    expect(await lib.errorOf(lib.send(`${lib.SITE}/token`, lib.json(fields)))).toEqual([400, "invalid_request"]);
    const query = new URLSearchParams(fields).toString();
    expect(await lib.errorOf(lib.send(`${lib.SITE}/token?${query}`, { method: "POST" }))).toEqual([
      400,
      "invalid_request",
    ]);
    expect((await lib.token(fields)).status).toBe(200);
  });

  test("a body that is too long, or no text, is said to be", async () => {
    const init = lib.form({});
    for (const body of [`a=${"x".repeat(70_000)}`, new Uint8Array([0x61, 0xff])]) {
      for (const path of ["/token", "/revoke"]) {
        const answer = await lib.send(lib.SITE + path, { ...init, body });
        expect([answer.status, await answer.json()]).toEqual([
          400,
          { error: "invalid_request", error_description: "The body is longer than 64 KB, or not UTF-8." },
        ]);
      }
    }
  });

  test("every kind of token at every other endpoint", async () => {
    const { tokens, client: ours } = await lib.signIn();
    const got = await lib.code(ours);
    for (const wrong of [tokens.refresh_token, got.code, lib.random()]) {
      expect((await lib.whoami(wrong)).status).toBe(401);
    }
    for (const wrong of [tokens.access_token, got.code]) {
      expect(await lib.errorOf(lib.refresh(ours, wrong))).toEqual([400, "invalid_grant"]);
    }
    for (const wrong of [tokens.access_token, tokens.refresh_token]) {
      expect(await lib.errorOf(lib.redeem(ours, { ...got, code: wrong }))).toEqual([400, "invalid_grant"]);
    }
    expect((await lib.whoami(tokens.access_token)).status).toBe(200);
  });

  test("one server's tokens at another: the issuer is sealed in", async () => {
    const { tokens, client: ours } = await lib.signIn();
    expect((await lib.whoami(tokens.access_token, "https://nokv.example.com")).status).toBe(401);
    expect((await lib.refresh(ours, tokens.refresh_token, {}, "https://nokv.example.com")).status).toBe(400);
  });

  test("refresh: scope narrows and does not widen; the token stays good", async () => {
    const { tokens, client: ours } = await lib.signIn({ more: { scope: "read" } });
    expect(tokens.scope).toBe("read");
    expect(await lib.errorOf(lib.refresh(ours, tokens.refresh_token, { scope: "write" }))).toEqual([
      400,
      "invalid_scope",
    ]);
    expect(await lib.errorOf(lib.refresh(ours, tokens.refresh_token, { resource: "https://evil.example" }))).toEqual([
      400,
      "invalid_target",
    ]);
    expect(await lib.errorOf(lib.refresh(other, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    let next: lib.Tokens = tokens;
    for (const scope of ["read", "read write", " read  offline_access", "openid profile", "admin"]) {
      next = await (await lib.refresh(ours, next.refresh_token, { scope })).json();
      expect([scope, next.scope]).toEqual([scope, "read"]);
      expect(await (await lib.whoami(next.access_token, lib.SITE, "auth")).text()).not.toContain("write");
    }
  });

  test("a client that nobody knows any more is told so, at code and refresh, so that it registers again", async () => {
    const { tokens } = await lib.signIn();
    const got = await lib.code(client);
    const forgotten = { client_id: "c_unknownunknownunknownunknownunkn" };
    for (const asked of [
      lib.redeem(forgotten, got),
      lib.redeem(forgotten, { ...got, code: "nonsense" }),
      lib.refresh(forgotten, tokens.refresh_token),
      lib.refresh(forgotten, "nonsense"),
      lib.refresh({ client_id: "https://client.example/forgotten" }, "nonsense", {}, "https://nodocuments.example.com"),
      lib.token({ ...forgotten, grant_type: "client_credentials" }),
    ]) {
      expect(await lib.errorOf(asked)).toEqual([401, "invalid_client"]);
    }
    expect((await lib.redeem(client, got)).status).toBe(200);
  });

  test("a client with a secret has to show it, once and in one way", async () => {
    for (const method of ["client_secret_basic", "client_secret_post"]) {
      const secretive = await lib.register({ token_endpoint_auth_method: method });
      const { client_id, client_secret = "" } = secretive;
      const got = await lib.code(secretive);
      const fields = { grant_type: "authorization_code", code: got.code, code_verifier: got.verifier };
      const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });
      const ask = (more: Record<string, string>, headers: Record<string, string> = {}) => {
        const init = lib.form({ ...fields, ...more });
        return lib.send(`${lib.SITE}/token`, { ...init, headers: { ...(init.headers as object), ...headers } });
      };
      expect(await lib.errorOf(ask({ client_id }))).toEqual([401, "invalid_client"]);
      expect(await lib.errorOf(ask({ client_id, client_secret: "wrong" }))).toEqual([401, "invalid_client"]);
      const refused = await ask({}, basic(client_id, "wrong"));
      expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="token"']);
      expect(await lib.errorOf(ask({ client_secret }, basic(client_id, client_secret)))).toEqual([
        400,
        "invalid_request",
      ]);
      expect(await lib.errorOf(ask({ client_id: "x" }, basic(client_id, client_secret)))).toEqual([
        400,
        "invalid_request",
      ]);
      expect(await lib.errorOf(ask({}, { authorization: "Basic nonsense" }))).toEqual([401, "invalid_client"]);
      const answered =
        method === "client_secret_basic" ? ask({}, basic(client_id, client_secret)) : ask({ client_id, client_secret });
      expect((await answered).status).toBe(200);
    }
  });
});

describe("register", () => {
  const ask = (body: unknown, init: RequestInit = {}) =>
    lib.send(`${lib.SITE}/register`, { ...lib.json(body), ...init });
  const good = { client_name: "Test", redirect_uris: [lib.REDIRECT], token_endpoint_auth_method: "none" };

  test.each([
    [{ redirect_uris: undefined }],
    [{ redirect_uris: [] }],
    [{ redirect_uris: "https://client.example/cb" }],
    [{ redirect_uris: [1] }],
    [{ redirect_uris: [`https://client.example/${"x".repeat(2048)}`] }],
    ...[
      "javascript:alert(1)",
      "data:text/html,x",
      "http://client.example/cb",
      "https://client.example/cb#x",
      "https://user@client.example/cb",
      "https://user:pass@client.example/cb",
      "https:///cb",
      "https://client.example/ cb",
      "https://client.example/\ncb",
      "https://client.example\\@evil.example/",
      "intent://cb",
      "localhost:8080/cb",
      "//client.example/cb",
      "/cb",
      "",
      "http://localhost.evil.example/cb",
      "http://127.0.0.1.evil.example/cb",
      "https://exämple.example/cb",
      "blob:https://client.example/x",
      "JAVASCRIPT:alert(1)",
      "https://client.example/cb?code=mine",
      "https://client.example/cb?x=1&%73tate=mine",
    ].map((uri) => [{ redirect_uris: [uri] }]),
  ] as [Record<string, unknown>][])("invalid_redirect_uri: %j", async (wrong) => {
    expect(await lib.errorOf(ask({ ...good, ...wrong }))).toEqual([400, "invalid_redirect_uri"]);
  });

  test.each([
    [{ client_name: 1 }],
    [{ token_endpoint_auth_method: "private_key_jwt" }],
    [{ token_endpoint_auth_method: 1 }],
    [{ grant_types: ["client_credentials"] }],
    [{ grant_types: ["refresh_token"] }],
    [{ grant_types: "client_credentials" }],
    [{ response_types: ["token"] }],
    [{ response_types: "token" }],
  ] as [Record<string, unknown>][])("invalid_client_metadata: %j", async (wrong) => {
    expect(await lib.errorOf(ask({ ...good, ...wrong }))).toEqual([400, "invalid_client_metadata"]);
  });

  test.each([
    [{ grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "refresh_token"] }],
    [{ grant_types: [], response_types: [] }],
    [{ grant_types: "authorization_code", response_types: "code" }],
    [{ grant_types: null, response_types: "", client_name: null, scope: null }],
    [{ grant_types: "", response_types: null, client_name: "", client_uri: "", logo_uri: null }],
    [{ response_types: ["code", "token", "code id_token"] }],
    [{ client_name: "x".repeat(201) }],
  ] as [Record<string, unknown>][])("what can be is registered, and said: %j", async (more) => {
    const { client_name, grant_types, response_types } = await lib.register(more);
    expect([grant_types, response_types]).toEqual([["authorization_code", "refresh_token"], ["code"]]);
    expect(client_name).toBe(typeof more.client_name === "string" && more.client_name ? "x".repeat(200) : client_name);
    expect(client_name).not.toBe("");
  });

  test("redirect URIs that cannot be fall away beside a good one, and get nowhere", async () => {
    const bad = ["javascript:alert(1)", "http://evil.example/cb", "https://u@evil.example/", "", null, 1, "intent://x"];
    const many = Array.from({ length: 11 }, (_, at) => `https://client.example/${at}`);
    const ten = await lib.register({ redirect_uris: many });
    expect(ten.redirect_uris, "no more than ten are kept, and the answer says which").toEqual(many.slice(0, 10));
    const some = await lib.register({ redirect_uris: [...bad, lib.REDIRECT, lib.REDIRECT] });
    expect(some.redirect_uris).toEqual([lib.REDIRECT]);
    for (const redirect_uri of bad.filter((uri) => typeof uri === "string" && uri !== "")) {
      const { params } = await lib.asking(some, { redirect_uri: redirect_uri as string });
      const answer = await lib.send(lib.authorizeUrl(params));
      expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
    }
    expect((await lib.redeem(some, await lib.code(some))).status).toBe(200);
  });

  test.each(["kiro://oauth/callback", "warp://mcp/cb", "vscodium://cb", "com.example.app:/cb"])(
    "%s: an app, with a warning on the consent page",
    async (redirect_uri) => {
      const app = await lib.register({ redirect_uris: [redirect_uri] });
      const { params, verifier } = await lib.asking(app, { redirect_uri });
      const browser = new lib.Browser("ann");
      const page = await (await browser.go(lib.authorizeUrl(params))).text();
      expect(page).toContain("Any app here could pretend to be");
      const callback = lib.linkIn(await (await lib.decide(browser, lib.consentIn(page))).text());
      const answer = (await browser.go(callback)).headers.get("location") ?? "";
      expect(answer.startsWith(`${redirect_uri}?`)).toBe(true);
      const code = new URL(answer).searchParams.get("code") ?? "";
      expect((await lib.redeem(app, { code, verifier }, { redirect_uri })).status).toBe(200);
    },
  );

  test.each([
    "",
    "{",
    "[]",
    "null",
    '{"redirect_uris":["https://a.example"],"redirect_uris":["https://b.example"]}',
    JSON.stringify({ ...good, note: "x".repeat(20_000) }),
    JSON.stringify({ ...good, note: "x".repeat(70_000) }),
  ])("a body that is none (%#)", async (body) => {
    expect(await lib.errorOf(ask(body))).toEqual([400, "invalid_client_metadata"]);
  });

  test("another media type", async () => {
    const init = { headers: { "content-type": "text/plain" } };
    expect(await lib.errorOf(ask(good, init))).toEqual([400, "invalid_client_metadata"]);
  });

  test("closed: refused, and not advertised", async () => {
    const site = "https://closed.example.com";
    expect(await lib.errorOf(lib.send(`${site}/register`, lib.json(good)))).toEqual([400, "invalid_client_metadata"]);
    const metadata = await (await lib.send(`${site}/.well-known/oauth-authorization-server`)).json();
    expect(metadata).not.toHaveProperty("registration_endpoint");
  });

  test("names are shown without what people cannot see", async () => {
    const { client_name } = await lib.register({ client_name: " Cla\u202eude\u0000\u200b " });
    expect(client_name).toBe("Claude");
  });

  test("a name that is a script is shown as text", async () => {
    const nasty = await lib.register({ client_name: `"'><script>alert(1)</script>&lt;` });
    const { params } = await lib.asking(nasty);
    const page = await (await new lib.Browser("ann").go(lib.authorizeUrl(params))).text();
    expect(page).not.toContain("<script>");
    expect(page).not.toContain(`"'>`);
  });

  test("equal metadata is one public client; a wider set is another", async () => {
    const uris = ["https://b.example/cb", "http://localhost:3334/cb"];
    const one = await lib.register({ redirect_uris: uris, note: 1 });
    const two = await lib.register({
      redirect_uris: ["http://localhost:9999/cb", "https://b.example/cb"],
      contacts: ["x@y.z"],
    });
    const wider = await lib.register({ redirect_uris: [...uris, "https://c.example/cb"] });
    expect(two.client_id).toBe(one.client_id);
    expect(wider.client_id).not.toBe(one.client_id);
    expect(two.client_id_issued_at).toBe(one.client_id_issued_at);
    const secretive = await lib.register({ token_endpoint_auth_method: "client_secret_post" });
    const again = await lib.register({ token_endpoint_auth_method: "client_secret_post" });
    expect(again.client_id).not.toBe(secretive.client_id);
    expect(again.client_secret).not.toBe(secretive.client_secret);
  });

  test("loopback: any port, and nothing else of the URI", async () => {
    const local = await lib.register({
      redirect_uris: ["http://127.0.0.1/cb", "http://localhost:1/cb", "http://[::1]/cb"],
    });
    const status = async (redirect_uri: string) => {
      const { params } = await lib.asking(local, { redirect_uri });
      return (await lib.send(lib.authorizeUrl(params))).status;
    };
    for (const good of [
      "http://127.0.0.1:33418/cb",
      "http://localhost:9/cb",
      "http://[::1]:1234/cb",
      "http://localhost/cb",
    ]) {
      expect(await status(good)).toBe(200);
    }
    for (const wrong of [
      "http://127.0.0.2:1/cb",
      "http://localhost:9/cb/",
      "https://localhost:9/cb",
      "http://localhost:99999/cb",
      "http://localhost:9@evil.example/cb",
    ]) {
      expect(await status(wrong)).toBe(400);
    }
  });
});

describe("revoke", () => {
  const revoke = (fields: Record<string, string>, site = lib.SITE) => lib.send(`${site}/revoke`, lib.form(fields));

  test("by either token, and every access token of the grant ends", async () => {
    for (const kind of ["access_token", "refresh_token"] as const) {
      const { client: ours, tokens } = await lib.signIn();
      expect(
        (await revoke({ client_id: ours.client_id, token: tokens[kind], token_type_hint: "nonsense" })).status,
      ).toBe(200);
      expect((await lib.whoami(tokens.access_token)).status).toBe(401);
      expect(await lib.errorOf(lib.refresh(ours, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
      expect((await revoke({ client_id: ours.client_id, token: tokens[kind] })).status).toBe(200);
    }
  });

  test("another client's token stays good, nonsense counts as revoked", async () => {
    const { client: ours, tokens } = await lib.signIn();
    expect((await revoke({ client_id: other.client_id, token: tokens.refresh_token })).status).toBe(400);
    expect((await revoke({ client_id: ours.client_id, client_secret: "x", token: tokens.refresh_token })).status).toBe(
      401,
    );
    expect((await revoke({ client_id: ours.client_id, token: "nonsense" })).status).toBe(200);
    expect(await lib.errorOf(revoke({ client_id: ours.client_id }))).toEqual([400, "invalid_request"]);
    expect(await lib.errorOf(revoke({ token: tokens.refresh_token }))).toEqual([401, "invalid_client"]);
    expect((await lib.whoami(tokens.access_token)).status).toBe(200);
    expect((await lib.refresh(ours, tokens.refresh_token)).status).toBe(200);
  });
});

describe("the guard", () => {
  test("no token: the challenge says where to look, and nothing else", async () => {
    for (const path of ["/mcp", "/sse"]) {
      const response = await lib.send(lib.SITE + path, path === "/mcp" ? { method: "POST" } : {});
      expect(response.status).toBe(401);
      const challenge = response.headers.get("www-authenticate") ?? "";
      const metadata = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? "";
      expect(challenge).not.toContain("error");
      expect(challenge).toContain('scope="read write"');
      const document: Record<string, unknown> = await (await lib.send(metadata)).json();
      expect(document).toMatchObject({ resource: lib.SITE + path, authorization_servers: [lib.SITE] });
    }
  });

  test("metadata at every place, for pages of any origin", async () => {
    for (const path of ["oauth-authorization-server", "openid-configuration"]) {
      const response = await lib.send(`${lib.SITE}/.well-known/${path}`, {
        headers: { origin: "https://evil.example" },
      });
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(await response.json()).toMatchObject({
        issuer: lib.SITE,
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        grant_types_supported: ["authorization_code", "refresh_token"],
      });
    }
    expect((await lib.send(`${lib.SITE}/.well-known/oauth-protected-resource`)).status).toBe(200);
  });

  test.each(["oauth-authorization-server", "openid-configuration"])(
    "%s in each place where clients look for it: the same document",
    async (name) => {
      const at = async (path: string) => (await lib.send(lib.SITE + path)).json<{ issuer: string }>();
      const document = await at(`/.well-known/${name}`);
      expect(document.issuer).toBe(lib.SITE);
      for (const path of ["", "/mcp", "/sse", "/mcp/"]) {
        expect(await at(`/.well-known/${name}${path}`)).toEqual(document);
        expect(await at(`${path.replace(/\/$/, "")}/.well-known/${name}`)).toEqual(document);
      }
    },
  );

  test("protected resource metadata behind the path and before it", async () => {
    for (const route of ["/mcp", "/sse"]) {
      for (const path of [
        `/.well-known/oauth-protected-resource${route}`,
        `/.well-known/oauth-protected-resource${route}/`,
        `${route}/.well-known/oauth-protected-resource`,
      ]) {
        expect(await (await lib.send(lib.SITE + path)).json()).toMatchObject({ resource: lib.SITE + route });
      }
    }
  });

  test.each([
    "oauth-protected-resource/other",
    "oauth-authorization-server/other",
    "oauth-authorization-server/mcp/mcp",
    "oauth-authorization-server/sse/.well-known/x",
    "openid-configuration/other",
    "openid-configuration-of-somebody",
    "oauth-nonsense",
    "oauth-nonsense/mcp",
    "oauth-",
  ])("/.well-known/%s is no page of the app's: a JSON 404", async (path) => {
    for (const site of [lib.SITE, "https://pages.example.com"]) {
      const answer = await lib.send(`${site}/.well-known/${path}`);
      const { headers } = answer;
      expect([answer.status, headers.get("content-type"), headers.get("access-control-allow-origin")]).toEqual([
        404,
        "application/json",
        "*",
      ]);
      expect(await answer.json()).toMatchObject({ error: "not_found" });
    }
  });

  test("other well-known names, and the app's own paths, stay the app's", async () => {
    for (const path of [
      "/.well-known/apple-app-site-association",
      "/blog/.well-known/oauth-authorization-server",
      "/",
    ]) {
      expect(await (await lib.send(`https://pages.example.com${path}`)).text()).toBe("home");
    }
    const below = await lib.send("https://own.example.com/api/.well-known/oauth-protected-resource");
    expect(await below.json()).toMatchObject({ resource: "https://own.example.com/api" });
  });

  test("props that are too big for a token arrive all the same", async () => {
    const { tokens, client: ours } = await lib.signIn({ user: "big" });
    expect(tokens.access_token.length).toBeLessThan(1000);
    expect(await (await lib.whoami(tokens.access_token)).text()).toContain("xxxxx");
    expect(
      (await lib.send(`${lib.SITE}/revoke`, lib.form({ client_id: ours.client_id, token: tokens.access_token })))
        .status,
    ).toBe(200);
    expect((await lib.whoami(tokens.access_token)).status).toBe(401);
  });

  test("a handler of the app's own gets the props", async () => {
    const site = "https://own.example.com";
    const { tokens } = await lib.signIn({ site });
    const call = (path: string, headers: Record<string, string> = {}) => lib.send(site + path, { headers });
    const bearer = { authorization: `Bearer ${tokens.access_token}` };
    for (const path of ["/api", "/api/deeper"]) {
      expect(await (await call(path, bearer)).json()).toEqual({ login: "ann" });
      expect((await call(path)).status).toBe(401);
    }
    expect((await call("/apiary", bearer)).status).toBe(404);
  });

  test("without an object class: 503 with the lines to add", async () => {
    const response = await lib.send("https://homeless.example.com/authorize?client_id=x");
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('name = "NOT_THERE"\nclass_name = "MyMCP"');
  });

  test("without a KV namespace everything works", async () => {
    const { tokens } = await lib.signIn({ site: "https://nokv.example.com" });
    expect((await lib.whoami(tokens.access_token, "https://nokv.example.com")).status).toBe(200);
  });
});

/** Introspection (RFC 7662): who gets an answer, and about what. */
import { describe, expect, test } from "vitest";
import { RESOURCE_SERVERS } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const [ID, SECRET] = ["files", RESOURCE_SERVERS.files];

function authorized(fields: Record<string, string>, authorization: string): RequestInit {
  const init = lib.form(fields);
  const headers = new Headers(init.headers);
  headers.set("authorization", authorization);
  return { ...init, headers };
}

/** Asks about `token` as the resource server of this Basic authorization. */
function ask(token: string, { site = lib.SITE, id = ID, secret = SECRET }: Partial<Record<string, string>> = {}) {
  const basic = `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`;
  return lib.send(`${site}/introspect`, authorized({ token }, basic));
}

/** Asks with these form fields alone. */
const post = (fields: Record<string, string> | [string, string][], site = lib.SITE) =>
  lib.send(`${site}/introspect`, lib.form(fields));

const INACTIVE = { active: false };

async function active(token: string, as: Parameters<typeof ask>[1] = {}): Promise<Record<string, unknown>> {
  const answered = await ask(token, as);
  expect([answered.status, answered.headers.get("cache-control")]).toEqual([200, "no-store"]);
  return answered.json();
}

test("a valid access token: all that a resource server needs, and nobody's name", async () => {
  const { client, tokens } = await lib.signIn();
  const now = Math.floor(Date.now() / 1000);
  const told = await active(tokens.access_token);
  expect(told).toEqual({
    active: true,
    scope: "read write",
    client_id: client.client_id,
    token_type: "Bearer",
    exp: expect.any(Number) as unknown,
    iat: expect.any(Number) as unknown,
    sub: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    aud: `${lib.SITE}/mcp`,
    iss: lib.SITE,
  });
  expect(Math.abs((told["iat"] as number) - now)).toBeLessThan(5);
  expect((told["exp"] as number) - (told["iat"] as number)).toBe(900);
  expect(JSON.stringify(told)).not.toContain("ann");
});

test("a person has one name at a resource, whatever the client, and another at another resource", async () => {
  const sub = async (options: Parameters<typeof lib.signIn>[0], as = {}) =>
    (await active((await lib.signIn(options)).tokens.access_token, as))["sub"];
  const ann = await sub({});
  expect(await sub({})).toBe(ann);
  expect(await sub({ user: "ben" })).not.toBe(ann);
  const site = "https://nokv.example.com";
  expect(await sub({ site }, { site })).not.toBe(ann);
  const raw = "https://raw.example.com";
  expect(await sub({ site: raw }, { site: raw })).toBe("user:app:ann");
});

test("the secret may come either way, and be of any characters", async () => {
  const { access_token: token } = (await lib.signIn()).tokens;
  for (const [id, secret] of Object.entries(RESOURCE_SERVERS)) {
    expect(await active(token, { id, secret })).toMatchObject({ active: true });
    expect(await (await post({ token, client_id: id, client_secret: secret })).json()).toMatchObject({ active: true });
  }
});

test("the metadata tells of it where somebody may ask, and only there", async () => {
  const metadata = async (site: string) =>
    (await lib.send(`${site}/.well-known/oauth-authorization-server`)).json<Record<string, unknown>>();
  expect(await metadata(lib.SITE)).toMatchObject({
    introspection_endpoint: `${lib.SITE}/introspect`,
    introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  });
  const alone = "https://alone.example.com";
  expect(Object.keys(await metadata(alone)).filter((name) => name.startsWith("introspection"))).toEqual([]);
  expect(await lib.errorOf(ask("x", { site: alone }))).toEqual([401, "invalid_client"]);
});

describe("whoever is no resource server learns nothing", () => {
  const refused = async (answer: Response | Promise<Response>) =>
    expect(await lib.errorOf(answer)).toEqual([401, "invalid_client"]);

  test("without credentials, with wrong ones, another's, or a client's", async () => {
    const { client, tokens } = await lib.signIn();
    const token = tokens.access_token;
    await refused(post({ token }));
    await refused(post({ token, client_id: ID }));
    await refused(post({ token, client_id: ID, client_secret: "" }));
    await refused(post({ token, client_id: ID, client_secret: `${SECRET}x` }));
    await refused(post({ token, client_id: client.client_id }));
    await refused(ask(token, { secret: "wrong" }));
    await refused(ask(token, { id: "mail", secret: SECRET }));
    await refused(ask(token, { id: "https://mail.example/", secret: SECRET }));
    await refused(ask(token, { id: "toString", secret: SECRET }));
    const confidential = await lib.register({ token_endpoint_auth_method: "client_secret_post" });
    await refused(post({ token, client_id: confidential.client_id, client_secret: confidential.client_secret ?? "" }));
    await refused(lib.send(`${lib.SITE}/introspect`, authorized({ token }, `Bearer ${token}`)));
    const challenged = await ask(token, { secret: "wrong" });
    expect(challenged.headers.get("www-authenticate")).toContain("Basic");
  });

  test("in two ways at once, or as two", async () => {
    const basic = `Basic ${btoa(`${ID}:${SECRET}`)}`;
    const both = authorized({ token: "x", client_id: ID, client_secret: SECRET }, basic);
    expect(await lib.errorOf(lib.send(`${lib.SITE}/introspect`, both))).toEqual([400, "invalid_request"]);
    const two = authorized({ token: "x", client_id: "mail" }, basic);
    expect(await lib.errorOf(lib.send(`${lib.SITE}/introspect`, two))).toEqual([400, "invalid_request"]);
  });
});

test("the token is there, once, in a form", async () => {
  const as = { client_id: ID, client_secret: SECRET };
  expect(await lib.errorOf(post(as))).toEqual([400, "invalid_request"]);
  expect(await lib.errorOf(post({ ...as, token: "" }))).toEqual([400, "invalid_request"]);
  const doubled: [string, string][] = [...Object.entries(as), ["token", "x"], ["token", "y"]];
  expect(await lib.errorOf(post(doubled))).toEqual([400, "invalid_request"]);
  for (const name of ["client_id", "client_secret"] as const) {
    const twice: [string, string][] = [...Object.entries(as), [name, as[name]], ["token", "x"]];
    expect(await lib.errorOf(post(twice))).toEqual([400, "invalid_request"]);
  }
  const json = lib.send(`${lib.SITE}/introspect`, lib.json({ ...as, token: "x" }));
  expect(await lib.errorOf(json)).toEqual([400, "invalid_request"]);
  expect((await lib.send(`${lib.SITE}/introspect?token=x`)).status).toBe(405);
  // What it does not know it leaves alone (RFC 7662 §2.1).
  expect(await (await post({ ...as, token: "x", token_type_hint: "nonsense", more: "x" })).json()).toEqual(INACTIVE);
});

describe("what is no valid access token of this server is not active, and nothing more is said", () => {
  test("nonsense, and tokens that were changed", async () => {
    const { access_token: token } = (await lib.signIn()).tokens;
    const changed = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    for (const wrong of [
      "x",
      ".",
      "null",
      " ",
      token.slice(1),
      changed,
      `${token}.`,
      `${token} `,
      "x".repeat(30_000),
    ]) {
      expect(await active(wrong), wrong.slice(0, 20)).toEqual(INACTIVE);
    }
  });

  test("a refresh token, and a code", async () => {
    const client = await lib.register();
    const got = await lib.code(client);
    expect(await active(got.code)).toEqual(INACTIVE);
    const tokens: lib.Tokens = await (await lib.redeem(client, got)).json();
    expect(await active(tokens.refresh_token)).toEqual(INACTIVE);
    expect(await active(tokens.access_token)).toMatchObject({ active: true });
  });

  test("another server's token", async () => {
    const site = "https://nokv.example.com";
    const { tokens } = await lib.signIn({ site });
    expect(await active(tokens.access_token)).toEqual(INACTIVE);
    expect(await active(tokens.access_token, { site })).toMatchObject({ active: true });
  });

  test("a token whose grant has ended, at once", async () => {
    const { client, tokens } = await lib.signIn();
    expect(await active(tokens.access_token)).toMatchObject({ active: true });
    await lib.send(`${lib.SITE}/revoke`, lib.form({ client_id: client.client_id, token: tokens.refresh_token }));
    expect(await active(tokens.access_token)).toEqual(INACTIVE);
  });

  test("asking is no use of the token, and can be repeated", async () => {
    const { client, tokens } = await lib.signIn();
    const [first, second] = [await active(tokens.access_token), await active(tokens.access_token)];
    expect(second).toEqual(first);
    expect((await lib.refresh(client, tokens.refresh_token)).status).toBe(200);
  });
});

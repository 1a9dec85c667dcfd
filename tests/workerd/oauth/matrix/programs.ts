/** The endpoints that programs ask: token, revoke, introspect, register. */
import { RESOURCE_SERVERS } from "../app/worker.ts";
import * as lib from "../lib/client.ts";
import { type Endpoint, type Fields, type Pairs, type Row, pick } from "./matrix.ts";

/** Status, and the error where there is one. */
async function said(response: Response): Promise<string> {
  const body = (await response.json().catch(() => ({}))) as { error?: string; active?: boolean };
  const more = body.error ?? (body.active === undefined ? "" : body.active ? "active" : "inactive");
  return `${response.status} ${more}`.trim();
}

const post = (path: string) => async (pairs: Pairs) => said(await lib.send(lib.SITE + path, lib.form(pairs)));

/** Three clients: the one that asks, another, and one that is known to another server only. */
async function clients(method: string) {
  const metadata = { token_endpoint_auth_method: method };
  return {
    ours: await lib.register(metadata),
    other: await lib.register({ ...metadata, client_name: "Another" }),
    elsewhere: await lib.register({ ...metadata, client_name: "Elsewhere" }, "https://nokv.example.com"),
  };
}

const secretOf = ({ client_secret }: lib.Registered): Fields => (client_secret ? { client_secret } : {});
/** A secret, where the client has one. */
const secret = ({ client_secret = "" }: lib.Registered): string => client_secret;
const missing = (name: string): never => {
  throw new Error(`nothing is known of ${name}`);
};

const GRANT: Row = {
  absent: "400 invalid_request",
  empty: "400 invalid_request",
  doubled: "400 invalid_request",
  foreign: "400 unauthorized_client",
  swapped: "400 invalid_request",
  replayed: "200",
};
/** What the token request may leave out, and must not say otherwise. */
const optional = (foreign: string): Row => ({
  absent: "200",
  empty: "200",
  doubled: "400 invalid_request",
  foreign,
  swapped: foreign,
  replayed: "200",
});

/** What a request must have, and only its own will do. */
const required = (others: string): Row => ({
  absent: "400 invalid_request",
  empty: "400 invalid_request",
  doubled: "400 invalid_request",
  foreign: others,
  swapped: others,
  replayed: others,
});
/** What says or proves who is asking. `again`: the answer to the same as in an earlier request. */
const proof = (others: string, again = "200"): Row => ({
  absent: "401 invalid_client",
  empty: "401 invalid_client",
  doubled: "400 invalid_request",
  foreign: others,
  swapped: others,
  replayed: again,
});
/** A public client has no secret, so any that it shows is wrong. */
const secretRow = (isPublic: boolean): Row =>
  isPublic
    ? { ...proof("401 invalid_client", "401 invalid_client"), absent: "200", empty: "200" }
    : proof("401 invalid_client");

/** RFC 6749 §4.1.3. `method`: how the client authenticates. */
export async function codeExchange(method: "none" | "client_secret_post"): Promise<Endpoint> {
  const isPublic = method === "none";
  const { ours, other, elsewhere } = await clients(method);
  const tab = async (client: lib.Registered, user: string) => {
    const { code, verifier } = await lib.code(client, { user, more: { resource: `${lib.SITE}/mcp` } });
    return { code, code_verifier: verifier };
  };
  const fieldsOf = (client: lib.Registered, more: Fields) => ({
    grant_type: "authorization_code",
    client_id: client.client_id,
    ...secretOf(client),
    redirect_uri: lib.REDIRECT,
    resource: `${lib.SITE}/mcp`,
    ...more,
  });
  const finished = async () => {
    const done = await tab(ours, "ann");
    await lib.token(fieldsOf(ours, done));
    return done;
  };
  return {
    good: "200",
    rows: {
      grant_type: GRANT,
      // The code is another client's: said before any secret is looked at.
      client_id: proof("400 invalid_grant"),
      client_secret: secretRow(isPublic),
      code: required("400 invalid_grant"),
      code_verifier: required("400 invalid_grant"),
      redirect_uri: optional("400 invalid_grant"),
      resource: optional("400 invalid_target"),
      // Not a parameter of this request (RFC 6749 §4.1.3), so what it says is not looked at.
      scope: optional("200"),
    },
    fields: async () => fieldsOf(ours, await tab(ours, "ann")),
    async other(name, kind, { code = "", code_verifier = "" }) {
      const of = async (what: "code" | "code_verifier") => {
        if (kind === "replayed") return what === "code" ? finished() : (await finished()).code_verifier;
        return (await (kind === "foreign" ? tab(other, "eve") : tab(ours, "ann")))[what];
      };
      switch (name) {
        case "grant_type":
          return pick(kind, "client_credentials", "refresh_token", "authorization_code");
        case "client_id":
          return pick(kind, other, elsewhere, ours).client_id;
        case "client_secret":
          if (isPublic) return lib.random();
          return pick(kind, secret(other), code_verifier, secret(ours));
        case "redirect_uri":
          return pick(kind, "https://evil.example/cb", `${lib.SITE}/callback`, lib.REDIRECT);
        case "resource":
          return pick(kind, "https://evil.example/mcp", lib.REDIRECT, `${lib.SITE}/mcp`);
        case "scope":
          return pick(kind, "admin", code, "read");
        case "code":
        case "code_verifier":
          return of(name);
        default:
          return missing(name);
      }
    },
    send: post("/token"),
  };
}

/** RFC 6749 §6. */
export async function refreshing(method: "none" | "client_secret_post"): Promise<Endpoint> {
  const isPublic = method === "none";
  const { ours, other, elsewhere } = await clients(method);
  const begin = async (client: lib.Registered, user: string): Promise<lib.Tokens> => {
    const got = await lib.code(client, { user, more: { scope: "read" } });
    return (await lib.redeem(client, got, secretOf(client))).json();
  };
  const fieldsOf = ({ refresh_token }: lib.Tokens) => ({
    grant_type: "refresh_token",
    client_id: ours.client_id,
    ...secretOf(ours),
    refresh_token,
    scope: "read",
    resource: `${lib.SITE}/mcp`,
  });
  return {
    good: "200",
    rows: {
      grant_type: GRANT,
      client_id: proof("400 invalid_grant"),
      client_secret: secretRow(isPublic),
      // A code, which is no refresh token.
      // Two rotations ago: that family ends, and no other.
      refresh_token: required("400 invalid_grant"),
      // One that nobody here knows is as if it were not asked for.
      scope: { ...optional("400 invalid_scope"), foreign: "200" },
      resource: optional("400 invalid_target"),
    },
    fields: async () => fieldsOf(await begin(ours, "ann")),
    async other(name, kind, { refresh_token = "" }) {
      switch (name) {
        case "grant_type":
          return pick(kind, "client_credentials", "authorization_code", "refresh_token");
        case "client_id":
          return pick(kind, other, elsewhere, ours).client_id;
        case "client_secret":
          if (isPublic) return lib.random();
          return pick(kind, secret(other), refresh_token, secret(ours));
        case "refresh_token": {
          if (kind === "foreign") return (await begin(other, "eve")).refresh_token;
          if (kind === "swapped") return (await lib.code(ours)).code;
          const first = await begin(ours, "ann");
          const next = await (await lib.token(fieldsOf(first))).json<lib.Tokens>();
          await lib.token(fieldsOf(next));
          return first.refresh_token;
        }
        case "scope":
          // `write` is this server's, and was not granted.
          return pick(kind, "admin", "write", "read");
        case "resource":
          return pick(kind, "https://evil.example/mcp", lib.REDIRECT, `${lib.SITE}/mcp`);
        default:
          return missing(name);
      }
    },
    send: post("/token"),
  };
}

/** RFC 7009. */
export async function revoking(): Promise<Endpoint> {
  const { ours, other, elsewhere } = await clients("client_secret_post");
  const begin = async (client: lib.Registered, user: string): Promise<lib.Tokens> =>
    (await lib.redeem(client, await lib.code(client, { user }), secretOf(client))).json();
  const fieldsOf = ({ access_token }: lib.Tokens) => ({
    token: access_token,
    token_type_hint: "access_token",
    client_id: ours.client_id,
    ...secretOf(ours),
  });
  return {
    good: "200",
    rows: {
      token: {
        absent: "400 invalid_request",
        empty: "400 invalid_request",
        doubled: "400 invalid_request",
        foreign: "400 invalid_request",
        // A code is no token: it counts as revoked (§2.2), and nothing happens.
        swapped: "200",
        replayed: "200",
      },
      // A hint, and no more (§2.1).
      token_type_hint: {
        absent: "200",
        empty: "200",
        doubled: "400 invalid_request",
        foreign: "200",
        swapped: "200",
        replayed: "200",
      },
      client_id: proof("400 invalid_request"),
      client_secret: proof("401 invalid_client"),
    },
    fields: async () => fieldsOf(await begin(ours, "ann")),
    async other(name, kind, { token = "" }) {
      switch (name) {
        case "token": {
          if (kind === "foreign") return (await begin(other, "eve")).refresh_token;
          if (kind === "swapped") return (await lib.code(ours)).code;
          const done = await begin(ours, "ann");
          await post("/revoke")(Object.entries(fieldsOf(done)));
          return done.access_token;
        }
        case "token_type_hint":
          return pick(kind, "id_token", "refresh_token", "access_token");
        case "client_id":
          return pick(kind, other, elsewhere, ours).client_id;
        case "client_secret":
          return pick(kind, secret(other), token, secret(ours));
        default:
          return missing(name);
      }
    },
    send: post("/revoke"),
  };
}

/** RFC 7662. */
export async function introspecting(): Promise<Endpoint> {
  const { ours, elsewhere } = await clients("client_secret_post");
  const begin = async (client: lib.Registered, site = lib.SITE): Promise<lib.Tokens> =>
    (await lib.redeem(client, await lib.code(client, { site }), secretOf(client), site)).json();
  return {
    good: "200 active",
    rows: {
      // Another server's.
      // A refresh token.
      token: required("200 inactive"),
      token_type_hint: {
        absent: "200 active",
        empty: "200 active",
        doubled: "400 invalid_request",
        foreign: "200 active",
        swapped: "200 active",
        replayed: "200 active",
      },
      // Another resource server's name with our secret, and a client's.
      client_id: proof("401 invalid_client", "200 active"),
      client_secret: proof("401 invalid_client", "200 active"),
    },
    fields: async () => ({
      token: (await begin(ours)).access_token,
      token_type_hint: "access_token",
      client_id: "files",
      client_secret: RESOURCE_SERVERS.files,
    }),
    async other(name, kind) {
      switch (name) {
        case "token": {
          if (kind === "foreign") return (await begin(elsewhere, "https://nokv.example.com")).access_token;
          const tokens = await begin(ours);
          if (kind === "swapped") return tokens.refresh_token;
          await post("/revoke")(
            Object.entries({ token: tokens.access_token, client_id: ours.client_id, ...secretOf(ours) }),
          );
          return tokens.access_token;
        }
        case "token_type_hint":
          return pick(kind, "id_token", "refresh_token", "access_token");
        case "client_id":
          return pick(kind, "https://mail.example/", ours.client_id, "files");
        case "client_secret":
          return pick(kind, RESOURCE_SERVERS["https://mail.example/"], secret(ours), RESOURCE_SERVERS.files);
        default:
          return missing(name);
      }
    },
    send: post("/introspect"),
  };
}

/** What has no value is as if it were not there. */
const METADATA: Row = {
  absent: "201",
  empty: "201",
  doubled: "400 invalid_client_metadata",
  foreign: "400 invalid_client_metadata",
  swapped: "400 invalid_client_metadata",
  replayed: "201",
};

/** RFC 7591: the members of a JSON object, each value as JSON text. */
export const registering: Endpoint = {
  good: "201",
  rows: {
    redirect_uris: {
      absent: "400 invalid_redirect_uri",
      empty: "400 invalid_redirect_uri",
      doubled: "400 invalid_client_metadata",
      foreign: "400 invalid_redirect_uri",
      swapped: "400 invalid_redirect_uri",
      replayed: "201",
    },
    // A client without a name is called by its host, and a long name is cut.
    client_name: { ...METADATA, foreign: "201" },
    token_endpoint_auth_method: METADATA,
    // One text is taken for a list of it.
    grant_types: { ...METADATA, swapped: "201" },
    response_types: METADATA,
    // Members that this server does not know fall away (§2).
    scope: { ...METADATA, foreign: "201", swapped: "201" },
    client_id: { ...METADATA, foreign: "201", swapped: "201" },
    software_statement: { ...METADATA, foreign: "201", swapped: "201" },
  },
  fields: () =>
    Promise.resolve({
      redirect_uris: JSON.stringify([lib.REDIRECT]),
      client_name: JSON.stringify("Test"),
      token_endpoint_auth_method: JSON.stringify("none"),
      grant_types: JSON.stringify(["authorization_code", "refresh_token"]),
      response_types: JSON.stringify(["code"]),
    }),
  async other(name, kind, fields) {
    const foreign: Fields = {
      redirect_uris: '["javascript:alert(1)"]',
      client_name: JSON.stringify("x".repeat(201)),
      token_endpoint_auth_method: '"tls_client_auth"',
      grant_types: '["client_credentials"]',
      response_types: '["token"]',
      scope: '"admin"',
      client_id: JSON.stringify((await lib.register({ client_name: "Another" })).client_id),
      software_statement: '"eyJhbGciOiJub25lIn0.e30."',
    };
    // What belongs into another member: a text for a list, and a list for a text.
    const swapped: Fields = {
      redirect_uris: '"authorization_code"',
      client_name: '["Test"]',
      token_endpoint_auth_method: '["none"]',
      grant_types: '"authorization_code"',
      response_types: '["authorization_code"]',
      scope: '["read"]',
      client_id: "1",
      software_statement: "{}",
    };
    return pick(kind, foreign, swapped, fields)[name] ?? '"read"';
  },
  send: async (pairs) => {
    const members = pairs.map(([name, value]) => `${JSON.stringify(name)}:${value || '""'}`);
    return said(await lib.send(`${lib.SITE}/register`, lib.json(`{${members.join(",")}}`)));
  },
};

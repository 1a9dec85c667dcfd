/** Everything that `mcp-wicket doctor` can find: why it matters, how it is fixed, and where that is described. */

interface Kind {
  why: string;
  fix: string;
  /** The URL of a document of this package, or of a specification. */
  document: string;
}

/** The documents of this package, which is installed without them. */
export const REPOSITORY = "https://github.com/mcp-wicket/mcp-wicket/blob/main/";
const GUIDE = `${REPOSITORY}docs/guides/`;
const AUTHORIZATION = "https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization";
const TRANSPORTS = "https://modelcontextprotocol.io/specification/2025-11-25/basic/transports";
const rfc = (number: number, section: string) =>
  `https://www.rfc-editor.org/rfc/rfc${String(number)}#section-${section}`;

/** The findings in a folder. */
const FOLDER = {
  consent_off: {
    why: "Without the consent page, any client acts for anyone who opens its link.",
    fix: "Remove allowConsentScreen: people are asked once for each client.",
    document: `${GUIDE}sign-in.md`,
  },
  secret_in_code: {
    why: "Everyone who can read the code, its history or the built Worker has the secret.",
    fix: "Replace the secret by a new one, store that with `npx wrangler secret put NAME`, and read `env.NAME`.",
    document: `${GUIDE}deploy.md`,
  },
  secret_in_config: {
    why: "Variables are committed with the configuration, and shown as plain text in the dashboard.",
    fix: "Replace the secret by a new one, store that with `npx wrangler secret put NAME` (on your computer: in .dev.vars), and remove the variable.",
    document: `${GUIDE}deploy.md`,
  },
  secrets_committed: {
    why: "The next commit would contain the secrets in this file.",
    fix: "Add the file to .gitignore. If it has been committed, run `git rm --cached` for it and replace its secrets.",
    document: `${GUIDE}deploy.md`,
  },
  secret_unknown: {
    why: "Wrangler does not know that the Worker needs this secret, so nothing says that it is missing.",
    fix: "Add the name to `secrets.required` in the configuration and run `npx wrangler secret put NAME`; if the value is not secret, add it to `vars`.",
    document: "https://developers.cloudflare.com/workers/wrangler/configuration/#secrets-configuration-property",
  },
  weak_secret: {
    why: "Whoever guesses the secret can issue tokens. Secrets of less than 32 bytes can be guessed.",
    fix: "Create a secret with `npx mcp-wicket keys`.",
    document: `${GUIDE}token-validation.md`,
  },
  broad_scopes: {
    why: "Each tool, and whoever takes over the server, can do all that the scopes permit.",
    fix: "Request only the scopes that your tools use.",
    document: `${GUIDE}sign-in.md`,
  },
  allow_missing: {
    why: "Everyone who has an account at the provider can sign in and use your tools.",
    fix: 'Say who may sign in, such as `allow: { emails: ["you@example.com"] }`, or `allow: "anyone"` if that is intended.',
    document: `${GUIDE}sign-in.md`,
  },
  token_unverified: {
    why: "A token that is not verified may have been written by anyone.",
    fix: "Use `protect(new JWTVerifier({…}), …)`, which verifies signature, issuer, audience and expiry; tools read `this.props`.",
    document: `${GUIDE}token-validation.md`,
  },
  development_in_production: {
    why: "At the development sign-in, everyone is whoever they choose to be.",
    fix: "Deploy the Worker without it: only the script for your own computer sets or imports it.",
    document: `${GUIDE}sign-in.md`,
  },
  date_missing: {
    why: "Without a compatibility date, the Worker runs with the runtime's behavior of 2021, or is not deployed.",
    fix: 'Set `compatibility_date`, such as "2026-07-01".',
    document: `${REPOSITORY}README.md`,
  },
  date_future: {
    why: "A Worker with a compatibility date in the future is not deployed.",
    fix: "Set `compatibility_date` to today or a day before.",
    document: `${REPOSITORY}README.md`,
  },
  date_old: {
    why: "Before 2025-11-17, a Worker reaches its Durable Objects only through bindings.",
    fix: "Raise `compatibility_date` to 2025-11-17 or later, or add the class to `durable_objects.bindings`.",
    document: `${REPOSITORY}README.md`,
  },
  flag_missing: {
    why: "The runtime lacks a function that the server uses: `enable_request_signal` ends calls whose client is gone, and with `global_fetch_strictly_public` clients can be identified by a URL.",
    fix: "Add the flag to `compatibility_flags`.",
    document: `${REPOSITORY}README.md`,
  },
  binding_missing: {
    why: "The code reads a binding that the deployed Worker does not have, so it fails when it is used.",
    fix: "Add the binding to the configuration; each environment under `env` needs its own.",
    document: "https://developers.cloudflare.com/workers/wrangler/configuration/#bindings",
  },
  migration_missing: {
    why: "A Durable Object class exists only after a migration that creates it.",
    fix: 'Add a migration: { "tag": "v1", "new_sqlite_classes": ["CLASS"] }, with a new tag if there are others.',
    document: `${GUIDE}deploy.md`,
  },
  migration_not_sqlite: {
    why: "The class stores rows in SQLite, and `new_classes` creates it without.",
    fix: "Use `new_sqlite_classes`. A class that is already deployed needs a new name for that.",
    document: `${GUIDE}deploy.md`,
  },
  object_missing: {
    why: "Sign-ins and grants are stored in a Durable Object, and this Worker has no class for them.",
    fix: 'Add `export { WicketObject } from "mcp-wicket/oauth"`, or export your agent, and a migration for the class.',
    document: `${GUIDE}sign-in.md`,
  },
  class_missing: {
    why: "The configuration names a class that the Worker does not export, so it is not deployed.",
    fix: "Export the class from the main module, or correct its name.",
    document: `${GUIDE}deploy.md`,
  },
} satisfies Record<string, Kind>;

/** The findings at a URL. */
const SERVER = {
  not_https: {
    why: "Tokens and results can be read on the way; Claude and ChatGPT refuse such URLs.",
    fix: "Use the https URL.",
    document: rfc(6750, "5.3"),
  },
  endpoint_missing: {
    why: "Clients post `initialize` to this URL, and get nothing that they can use.",
    fix: "Use the URL of the MCP endpoint, with its path: often /mcp.",
    document: TRANSPORTS,
  },
  legacy_transport: {
    why: "The endpoint speaks only HTTP+SSE, which is deprecated. Codex does not support it.",
    fix: 'Serve streamable HTTP as well: MyMCP.serve("/mcp").',
    document: TRANSPORTS,
  },
  initialize_failed: {
    why: "Every client of the revisions up to 2025-11-25 begins with `initialize`, and stops if it fails.",
    fix: "Answer `initialize` with protocolVersion, capabilities and serverInfo.",
    document: "https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle",
  },
  tools_failed: {
    why: "Clients show no tools.",
    fix: "Answer `tools/list` with a list of tools; the server's log says what failed.",
    document: "https://modelcontextprotocol.io/specification/2025-11-25/server/tools",
  },
  tool_unusable: {
    why: "Claude, ChatGPT and Cursor refuse tools whose name or schema the model's API does not accept.",
    fix: "Name tools with 1 to 64 letters, digits, `_` and `-`, and give each an inputSchema of type object.",
    document: `${GUIDE}handlers.md`,
  },
  stream_refused: {
    why: "Clients open a stream with GET after `initialize`. Anything but an event stream or 405 is an error for them.",
    fix: "Answer GET with 405, or with an event stream.",
    document: TRANSPORTS,
  },
  stream_ends: {
    why: "Clients reconnect each time a stream ends, so a stream that ends at once becomes a flood of requests.",
    fix: "Keep the stream open, or answer GET with 405.",
    document: TRANSPORTS,
  },
  challenge_missing: {
    why: "Clients begin to sign in when they get 401 with a challenge. Without it they only show an error.",
    fix: "Answer requests without a token with 401 and `WWW-Authenticate: Bearer …`.",
    document: rfc(6750, "3"),
  },
  challenge_without_metadata: {
    why: "VS Code, Cursor and Claude find the authorization server through `resource_metadata` in the challenge.",
    fix: 'Add resource_metadata="https://…/.well-known/oauth-protected-resource/…" to the challenge.',
    document: rfc(9728, "5.1"),
  },
  scopes_not_announced: {
    why: "Clients request the scopes that the challenge or the metadata names; without any, the tokens may lack what the tools need.",
    fix: "Add `scope` to the challenge, or `scopes_supported` to the metadata of the resource.",
    document: AUTHORIZATION,
  },
  token_accepted: {
    why: "The endpoint accepts an invented token, so nothing protects it.",
    fix: "Verify each token; answer 401 if it is not valid.",
    document: `${GUIDE}token-validation.md`,
  },
  token_refused_wrongly: {
    why: 'Clients renew a token when they get 401 with error="invalid_token". With another response they stay broken until a person connects them again.',
    fix: 'Answer an invalid token with 401 and `WWW-Authenticate: Bearer error="invalid_token"`.',
    document: rfc(6750, "3.1"),
  },
  cors_preflight: {
    why: "Pages such as the Inspector cannot send the request: the browser asks with OPTIONS first.",
    fix: "Answer OPTIONS with Access-Control-Allow-Origin, -Methods and -Headers, without a token.",
    document: "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
  },
  cors_origin: {
    why: "Pages such as the Inspector cannot read the response.",
    fix: "Add Access-Control-Allow-Origin to each response, errors included.",
    document: "https://fetch.spec.whatwg.org/#http-cors-protocol",
  },
  cors_headers_hidden: {
    why: "Pages such as the Inspector cannot read these headers, so they cannot sign in or continue their session.",
    fix: "Add Access-Control-Expose-Headers: WWW-Authenticate, Mcp-Session-Id.",
    document: "https://fetch.spec.whatwg.org/#http-access-control-expose-headers",
  },
  resource_metadata_missing: {
    why: "Clients look here for the authorization server, and some look nowhere else.",
    fix: "Serve the protected resource metadata at this URL.",
    document: rfc(9728, "3.1"),
  },
  resource_metadata_wrong: {
    why: "Clients compare the metadata with the URL they connect to, and stop if they do not fit.",
    fix: "Serve JSON in which `resource` is the URL of the endpoint and `authorization_servers` has at least one issuer.",
    document: rfc(9728, "3.3"),
  },
  metadata_not_json: {
    why: "A client that looks here gets a page or an error instead of JSON or 404, and stops.",
    fix: "Answer with 404 where there is no metadata.",
    document: rfc(8414, "3.2"),
  },
  server_metadata_missing: {
    why: "Without the metadata of the authorization server, clients do not know where people sign in.",
    fix: "Serve it at /.well-known/oauth-authorization-server, followed by the path of the issuer.",
    document: rfc(8414, "3.1"),
  },
  server_metadata_differs: {
    why: "Clients read different places, so some of them would use other endpoints than the rest.",
    fix: "Serve the same metadata at each place.",
    document: rfc(8414, "3"),
  },
  issuer_wrong: {
    why: "Clients stop if `issuer` is not the URL under which they have found the metadata.",
    fix: "Set `issuer` to exactly what authorization_servers says.",
    document: rfc(8414, "3.3"),
  },
  endpoints_missing: {
    why: "Without these members of the metadata, no client can sign in.",
    fix: "Announce authorization_endpoint, token_endpoint and response_types_supported with `code`.",
    document: rfc(8414, "2"),
  },
  pkce_not_announced: {
    why: "Clients must refuse to sign in if the metadata does not say that PKCE with S256 is supported.",
    fix: 'Add code_challenge_methods_supported: ["S256"] to the metadata.',
    document: AUTHORIZATION,
  },
  iss_not_announced: {
    why: "A client of several servers cannot tell which one has answered, so another server could get its code (mix-up).",
    fix: "Send `iss` in each response, and announce authorization_response_iss_parameter_supported: true.",
    document: rfc(9207, "3"),
  },
  iss_missing: {
    why: "The metadata promises `iss`, so clients refuse a response without it.",
    fix: "Add `iss` with the issuer to each response, errors included.",
    document: rfc(9207, "2"),
  },
  public_clients_refused: {
    why: "Programs on a person's computer have no secret, so Claude Code, Codex, Cursor and VS Code cannot get tokens.",
    fix: "Add `none` to token_endpoint_auth_methods_supported; PKCE protects the code.",
    document: rfc(8252, "8.4"),
  },
  refresh_not_announced: {
    why: "Without refresh tokens, people sign in again each time an access token expires.",
    fix: "Support the grant type refresh_token, and announce it in grant_types_supported.",
    document: rfc(6749, "6"),
  },
  registration_missing: {
    why: "Clients can neither register nor be identified by a URL, so only those that you know beforehand can connect.",
    fix: "Announce registration_endpoint or client_id_metadata_document_supported.",
    document: AUTHORIZATION,
  },
  cimd_not_announced: {
    why: "Codex does not register: it is identified by the URL of its metadata. Others prefer that, too.",
    fix: "Set the flag global_fetch_strictly_public, which lets mcp-wicket announce client_id_metadata_document_supported.",
    document: `${REPOSITORY}docs/clients.md`,
  },
  registration_refused: {
    why: "Cursor, VS Code, the Inspector and mcp-remote register in this way before they sign in.",
    fix: "Accept a registration of a public client with a redirect URI on loopback (RFC 7591).",
    document: rfc(7591, "3"),
  },
  authorize_refused: {
    why: "Every client begins a sign-in with this request.",
    fix: "Accept a request of a registered client with its redirect URI, PKCE and `resource`; the server's log says why not.",
    document: rfc(6749, "4.1.1"),
  },
  loopback_port_refused: {
    why: "Programs listen on a free port that differs each time, so people could connect them only once.",
    fix: "For redirect URIs on a loopback IP address, accept every port.",
    document: rfc(8252, "7.3"),
  },
} satisfies Record<string, Kind>;

const KINDS = { ...FOLDER, ...SERVER };

export type Code = keyof typeof KINDS;

/** All codes, by what is looked at. */
export const CODES = { folder: Object.keys(FOLDER), server: Object.keys(SERVER) };

export interface Finding extends Kind {
  code: Code;
  /** A file and a line, or a request. */
  where: string;
  /** What is there. */
  what: string;
}

export function finding(code: Code, where: string, what: string): Finding {
  return { code, where, what, ...KINDS[code] };
}

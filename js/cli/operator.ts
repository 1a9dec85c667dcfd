/** `mcp-wicket grants`, `clients` and `audit verify --d1`: calls of the operator route (`src/oauth/endpoints/operator.rs`). */
import { parseArgs } from "node:util";
import { isLoopback } from "../common/loopback.js";
import { visible, visibleJson } from "./visible.js";

export interface OperatorOutput {
  /** For the standard output. */
  text: string;
  /** For people. */
  note?: string;
  /** 0: done; 1: there was nothing to do, such as a client that does not exist. */
  exitCode: 0 | 1;
}

export const OPERATOR_USAGE = `  npx mcp-wicket grants list --user ID URL
  npx mcp-wicket grants revoke --user ID (--grant ID | --all) URL
  npx mcp-wicket clients list URL
  npx mcp-wicket clients waiting URL
  npx mcp-wicket clients create --name NAME --redirect URI… [--auth none | client_secret_basic | client_secret_post] URL
  npx mcp-wicket clients rotate | delete | approve | dismiss --client ID URL
  npx mcp-wicket clients revoke --client ID [--secret] URL
      Lists and ends access, and manages clients, at the server at URL (with the option \`operator\` of OAuthProvider). revoke ends
      all grants of the client, or with --secret its secret and what was issued under it. The token is read from
      WICKET_OPERATOR_TOKEN. --json prints the result as JSON. The exit code is 1 for errors, and if there was nothing to do.
`;

type Options = Readonly<Record<string, string | boolean | string[] | undefined>>;
type Row = Readonly<Record<string, unknown>>;

interface Command {
  readonly call: string;
  /** The options, as `parseArgs` takes them. */
  readonly options?: Readonly<Record<string, "string" | "boolean" | "list">>;
  /** The members of the call. Throws with what is missing. */
  readonly members?: (options: Options) => object;
  readonly show: (result: unknown, options: Options) => string | OperatorOutput;
}

const done = (text: string, note?: string): OperatorOutput => ({
  text: `${text}\n`,
  exitCode: 0,
  ...(note !== undefined && { note }),
});
const nothing = (note: string): OperatorOutput => ({ text: "", note, exitCode: 1 });

const CLIENT = { client: "string" } as const;
const ofClient = (options: Options) => ({ id: needed(options, "client", "the client's ID") });
const clientTable = (none: string) => (result: unknown) =>
  table(none, rowsOf(result), {
    client: ({ clientId }) => clientId,
    name: ({ clientName }) => clientName,
    authentication: ({ tokenEndpointAuthMethod }) => tokenEndpointAuthMethod,
    "created (UTC)": ({ registrationDate }) => minute(registrationDate),
    "redirect URIs": ({ redirectUris }) => (Array.isArray(redirectUris) ? redirectUris.join(" ") : redirectUris),
  });
const secretOf = (result: unknown, { client }: Options): OperatorOutput => {
  if (result === null) return nothing(`No client from \`clients create\` has the ID ${String(client)}.`);
  const { clientId, clientSecret } = result as Row;
  if (clientSecret === undefined) return done(`client  ${cell(clientId)}`);
  return done(
    `client  ${cell(clientId)}\nsecret  ${cell(clientSecret)}`,
    "Store the secret now: it is not shown again, because the server has only its hash.",
  );
};
const known = (text: string, unknown: string) => (result: unknown) =>
  (result as Row | null)?.["known"] === true ? done(text) : nothing(unknown);

const COMMANDS: Readonly<Record<string, Command>> = {
  "grants list": {
    call: "listUserGrants",
    options: { user: "string" },
    members: (options) => ({ userId: userOf(options) }),
    show: (result) =>
      table("This person has no grants.", rowsOf(result), {
        grant: ({ id }) => id,
        client: ({ clientId }) => clientId,
        name: ({ metadata }) => (metadata as Row | undefined)?.["clientName"],
        scopes: ({ scope }) => (Array.isArray(scope) ? scope.join(" ") : scope),
        "created (UTC)": ({ createdAt }) => minute(createdAt),
        "last used (UTC)": ({ lastUsedAt }) => minute(lastUsedAt),
      }),
  },
  "grants revoke": {
    call: "revokeGrant",
    options: { user: "string", grant: "string", all: "boolean" },
    members: (options) => {
      if ((options["grant"] === undefined) === (options["all"] !== true)) {
        throw new Error("Specify either --grant ID (see `grants list`) or --all.");
      }
      return { userId: userOf(options), grantId: options["all"] === true ? "*" : needed(options, "grant", "its ID") };
    },
    show: (result) => {
      const { ended } = (result ?? {}) as Row;
      if (ended === 0) return nothing("This person has no such grant: check the IDs.");
      return done(`${cell(ended)} revoked. Access tokens stop working within 30 seconds.`);
    },
  },
  "clients list": { call: "listClients", show: clientTable("There are no clients from `clients create`.") },
  "clients waiting": { call: "listWaitingClients", show: clientTable("No clients wait for approval.") },
  "clients create": {
    call: "createClient",
    options: { name: "string", redirect: "list", auth: "string" },
    members: (options) => {
      const { auth, redirect } = options;
      const clientName = needed(options, "name", "the name that people see");
      if (redirect === undefined) throw new Error("Specify at least one redirect URI: --redirect URI.");
      const client = { clientName, redirectUris: redirect };
      return { client: auth === undefined ? client : { ...client, tokenEndpointAuthMethod: auth } };
    },
    show: secretOf,
  },
  "clients rotate": { call: "rotateClientSecret", options: CLIENT, members: ofClient, show: secretOf },
  "clients revoke": {
    call: "revokeClient",
    options: { ...CLIENT, secret: "boolean" },
    members: ofClient,
    show: (result, options) => {
      if (options["secret"] === true) {
        return result === null
          ? secretOf(result, options)
          : done(
              "The secret is revoked, with everything that was issued under it. `clients rotate` issues another one.",
            );
      }
      return known(
        "All grants of the client are revoked. Access tokens stop working within 30 seconds.",
        "The server does not know this client. Its grants, if there are any, are revoked all the same.",
      )(result);
    },
  },
  "clients delete": {
    call: "deleteClient",
    options: CLIENT,
    members: ofClient,
    show: known(
      "The client is deleted. Its grants remain valid until they expire: `clients revoke` ends them.",
      "The server does not know this client: check the ID.",
    ),
  },
  "clients approve": {
    call: "approveClient",
    options: CLIENT,
    members: ofClient,
    show: () => done("The client is approved."),
  },
  "clients dismiss": {
    call: "dismissClient",
    options: CLIENT,
    members: ofClient,
    show: () => done("The client is dismissed. Its grants remain valid until they expire: `clients revoke` ends them."),
  },
};

/** Runs `grants …` or `clients …`; undefined if there is no such command. Throws with what to do instead. */
export async function operator(
  words: readonly string[],
  token: string | undefined,
): Promise<OperatorOutput | undefined> {
  const [group = "", action = "", ...args] = words;
  const name = `${group} ${action}`;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) return undefined;
  const own = Object.entries(command.options ?? {}).map(
    ([option, kind]) =>
      [option, kind === "list" ? { type: "string", multiple: true } : { type: kind }] as [string, { type: "string" }],
  );
  const { values, positionals } = parseArgs({
    args,
    options: { ...Object.fromEntries(own), json: { type: "boolean" } },
    allowPositionals: true,
  });
  const [url, more] = positionals;
  if (more !== undefined) throw new Error(`Specify only one URL: leave out "${more}".`);
  const at = routeAt(url);
  const members = command.members?.(values) ?? {};
  const call = values["secret"] === true ? "revokeClientSecret" : command.call;
  const result = await operate(at, token, { call, ...members });
  const shown = command.show(result, values);
  const output = typeof shown === "string" ? done(shown) : shown;
  return values["json"] === true ? { ...output, text: visibleJson(result) } : output;
}

/** All rows of the audit events, as JSON. */
export async function auditRows(url: string, token: string | undefined): Promise<string> {
  const at = routeAt(url);
  const rows: unknown[] = [];
  for (let after = 0; ;) {
    const page = (await operate(at, token, { call: "readAudit", after, limit: 500 })) as Row | null;
    rows.push(...rowsOf(page?.["rows"]));
    const cursor = page?.["cursor"];
    if (cursor === undefined) return JSON.stringify(rows);
    if (typeof cursor !== "number" || cursor <= after) throw new Error(`${at.href} repeats a page of audit events.`);
    after = cursor;
  }
}

const GUIDE = "https://github.com/mcp-wicket/mcp-wicket/blob/main/docs/guides/operator.md";
const TIMEOUT_MS = 30_000;

/** The URL of the route of a server. The token is only sent where nobody can read it on the way. */
function routeAt(given: string | undefined): URL {
  const example = "https://my-mcp.example.workers.dev";
  if (given === undefined) throw new Error(`Specify the URL of the server, such as ${example}.`);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new Error(`"${given}" is not the URL of a server. Write it in full, such as ${example}.`);
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new Error(`Use https: over http, anyone on the way to ${url.host} could read the token.`);
  }
  if (url.pathname === "/") url.pathname = "/operator";
  url.hash = "";
  return url;
}

/** The result of a call. Throws with what to check. */
async function operate(at: URL, token: string | undefined, call: object): Promise<unknown> {
  const trimmed = token?.trim() ?? "";
  if (trimmed === "") {
    throw new Error(
      "Set WICKET_OPERATOR_TOKEN to a token for the operator, such as an API key: npx mcp-wicket keys --api ops --scope operator.",
    );
  }
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    throw new Error("WICKET_OPERATOR_TOKEN has characters that no token has, such as a line break: set it again.");
  }
  const request: RequestInit = {
    method: "POST",
    headers: { authorization: `Bearer ${trimmed}`, "content-type": "application/json" },
    body: JSON.stringify(call),
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  let response: Response;
  let text: string;
  try {
    response = await fetch(at, request);
    text = await response.text();
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw new Error(`${at.href} cannot be reached: ${cause?.message ?? message}.`, { cause: error });
  }
  const body = parsed(text);
  if (response.status === 200 && "result" in body) return body["result"];
  throw new Error(visible(problemOf(at, response, body, text)));
}

function problemOf(
  { href }: URL,
  { status, headers }: Response,
  { error, error_description: said }: Row,
  text: string,
): string {
  const says = typeof said === "string" ? ` The server says: ${said}` : "";
  if (status >= 300 && status < 400) {
    return `${href} redirects to ${headers.get("location") ?? "another URL"}. The token was not sent there: specify the final URL.`;
  }
  // Other routes have other errors.
  if (typeof error !== "string" && status >= 500) {
    return `The server failed (${String(status)}). Its log has the reason. It says: ${text.slice(0, 500).trim()}`;
  }
  if (typeof error !== "string") {
    return (
      `There is no operator route at ${href} (status ${String(status)}). Set operator: { verifier: … } in the options of ` +
      `OAuthProvider, and deploy; with another \`path\`, specify the whole URL. See ${GUIDE}`
    );
  }
  if (status === 401) {
    return `The server refuses the token (401): check that WICKET_OPERATOR_TOKEN is one that \`operator.verifier\` accepts, and has not expired.${says}`;
  }
  if (error === "insufficient_scope") {
    const scope = /scope="([^"]*)"/.exec(headers.get("www-authenticate") ?? "")?.[1] ?? "operator";
    return `The token does not have the scope "${scope}" (403): create one that has, for example with npx mcp-wicket keys --api ops --scope ${scope}.`;
  }
  return `The server refuses the call (${String(status)}, ${error}).${says}`;
}

function parsed(text: string): Row {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? (value as Row) : {};
  } catch {
    return {};
  }
}

function needed(options: Options, name: string, what: string): string {
  const value = options[name];
  if (typeof value !== "string" || value === "") throw new Error(`Specify ${what}: --${name}.`);
  return value;
}

const userOf = (options: Options) => needed(options, "user", "the ID of the person at the provider");

const rowsOf = (result: unknown): Row[] =>
  Array.isArray(result) ? result.filter((row): row is Row => typeof row === "object" && row !== null) : [];

const cell = (value: unknown): string =>
  visible(typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

/** A time in seconds since 1970, to the minute. */
function minute(seconds: unknown): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 16).replace("T", " ");
}

/** A table, or `none` if it has no rows. */
function table(none: string, rows: readonly Row[], columns: Readonly<Record<string, (row: Row) => unknown>>): string {
  if (rows.length === 0) return none;
  const lines = [Object.keys(columns), ...rows.map((row) => Object.values(columns).map((of) => cell(of(row))))];
  const widths = Object.keys(columns).map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** How clients find the authorization server, and what they need of it: RFC 9728, 8414, 7591, 9207 and 8252. */
import { type Answer, type Json, PAGE, Visit, isReadable, jsonOf, preflight, textsOf } from "./visit.js";

const ALL = "all clients";
const JSON_HEADERS = { Accept: "application/json", Origin: PAGE, "MCP-Protocol-Version": "2025-11-25" };

export async function inspectAuthorization(
  visit: Visit,
  url: string,
  challenge: ReadonlyMap<string, string>,
): Promise<void> {
  const announced = challenge.get("resource_metadata");
  const documents = await resourceMetadata(visit, url, announced);
  const issuers = new Set<string>();
  for (const { json } of documents) for (const issuer of textsOf(json["authorization_servers"])) issuers.add(issuer);
  const [issuer, ...others] = issuers;
  if (issuer === undefined) {
    // No sign-in, unless the server has metadata all the same: clients of 2025-03-26 look for it at the origin.
    if (documents.length > 0 || announced !== undefined) return;
    const { origin } = new URL(url);
    const found = await metadataAt(visit, "older clients", `${origin}/.well-known/oauth-authorization-server`);
    if (found === undefined) return;
    visit.find("challenge_without_metadata", url, "The challenge has no resource_metadata.");
    return;
  }
  if (announced === undefined) visit.find("challenge_without_metadata", url, "The challenge has no resource_metadata.");
  const isScoped = challenge.has("scope") || documents.some(({ json }) => textsOf(json["scopes_supported"]).length > 0);
  if (!isScoped) visit.find("scopes_not_announced", url, "Neither the challenge nor the metadata names a scope.");
  // What is not a URL is a finding already.
  const servers = [issuer, ...others].filter((each) => URL.canParse(each));
  for (const each of servers.slice(0, 3)) await inspectIssuer(visit, url, each);
}

interface Document {
  place: string;
  json: Json;
}

/** A document, if there is one. What is neither JSON nor 404 is a finding. */
async function metadataAt(visit: Visit, clients: string, place: string): Promise<Json | undefined> {
  const answer = await visit.ask(clients, place, { headers: JSON_HEADERS });
  if (answer.status === 200) {
    const json = jsonOf(answer.text);
    if (json === undefined)
      visit.find("metadata_not_json", answer.request, "The response is 200, and not a JSON object.");
    else if (!isReadable(answer)) {
      visit.find("cors_origin", answer.request, `Access-Control-Allow-Origin does not allow ${PAGE}.`);
    }
    return json;
  }
  if (answer.status === 0 || answer.status >= 500) {
    visit.find("metadata_not_json", answer.request, `The response is ${answer.error ?? String(answer.status)}.`);
  }
  return undefined;
}

/** RFC 9728, section 3.1: with the path of the endpoint and without, and where the challenge says. */
async function resourceMetadata(visit: Visit, url: string, announced: string | undefined): Promise<Document[]> {
  const { origin, pathname, search } = new URL(url);
  const root = `${origin}/.well-known/oauth-protected-resource`;
  const path = pathname === "/" ? "" : pathname;
  const places = new Set([`${root}${path}${search}`, root]);
  const found: Document[] = [];
  if (announced !== undefined && !URL.canParse(announced)) {
    visit.find("resource_metadata_wrong", url, `resource_metadata in the challenge is not a URL: ${announced}.`);
  } else if (announced !== undefined && !places.has(announced)) {
    places.add(announced);
  }
  for (const place of places) {
    const json = await metadataAt(visit, ALL, place);
    if (json !== undefined) found.push({ place, json });
    else if (place === announced)
      visit.find("resource_metadata_missing", `GET ${place}`, "The challenge names this URL.");
  }
  for (const { place, json } of found) checkResource(visit, url, place, json);
  return found;
}

function checkResource(
  visit: Visit,
  url: string,
  place: string,
  { resource, authorization_servers: servers }: Json,
): void {
  const where = `GET ${place}`;
  if (typeof resource !== "string" || !covers(resource, url)) {
    visit.find("resource_metadata_wrong", where, `\`resource\` is ${JSON.stringify(resource)}, and not ${url}.`);
  }
  const listed = textsOf(servers);
  if (servers !== undefined && (listed.length === 0 || !listed.every((issuer) => URL.canParse(issuer)))) {
    visit.find("resource_metadata_wrong", where, "`authorization_servers` is not a list of URLs.");
  }
}

/** As the official SDK decides: the same origin, and the endpoint's path begins with that of the resource. */
function covers(resource: string, url: string): boolean {
  if (!URL.canParse(resource)) return false;
  const [one, other] = [new URL(resource), new URL(url)];
  const withSlash = (path: string) => (path.endsWith("/") ? path : `${path}/`);
  return one.origin === other.origin && withSlash(other.pathname).startsWith(withSlash(one.pathname));
}

/** The metadata of an authorization server at each place and spelling: RFC 8414, OpenID Connect Discovery. */
async function inspectIssuer(visit: Visit, url: string, issuer: string): Promise<void> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname === "/" ? "" : pathname.replace(/\/$/, "");
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...(path === "" ? [] : [`${origin}${path}/.well-known/openid-configuration`]),
  ];
  const found: Document[] = [];
  for (const place of places) {
    const json = await metadataAt(visit, ALL, place);
    if (json !== undefined) found.push({ place, json });
  }
  const [first, ...rest] = found;
  if (first === undefined) {
    visit.find(
      "server_metadata_missing",
      `GET ${places[0] ?? issuer}`,
      `${issuer} has no metadata at ${places.join(", ")}.`,
    );
    return;
  }
  for (const { place, json } of rest) {
    const differing = ["issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint"].filter(
      (member) => json[member] !== first.json[member],
    );
    if (differing.length > 0) {
      visit.find("server_metadata_differs", `GET ${place}`, `${differing.join(", ")} differ from ${first.place}.`);
    }
  }
  checkMetadata(visit, issuer, first);
  await inspectEndpoints(visit, url, first);
}

function checkMetadata(visit: Visit, issuer: string, { place, json }: Document): void {
  const where = `GET ${place}`;
  if (json["issuer"] !== issuer) {
    visit.find(
      "issuer_wrong",
      where,
      `\`issuer\` is ${JSON.stringify(json["issuer"])}, and not ${JSON.stringify(issuer)}.`,
    );
  }
  const missing = ["authorization_endpoint", "token_endpoint"].filter((member) => !isUrl(json[member]));
  if (!textsOf(json["response_types_supported"]).includes("code")) missing.push("response_types_supported with code");
  if (missing.length > 0) visit.find("endpoints_missing", where, `The metadata lacks ${missing.join(", ")}.`);
  if (!textsOf(json["code_challenge_methods_supported"]).includes("S256")) {
    visit.find("pkce_not_announced", where, "code_challenge_methods_supported has no S256.");
  }
  if (json["authorization_response_iss_parameter_supported"] !== true) {
    visit.find("iss_not_announced", where, "authorization_response_iss_parameter_supported is not true.");
  }
  // Without these members, the defaults of RFC 8414, section 2, hold.
  const methods = json["token_endpoint_auth_methods_supported"];
  if (!textsOf(methods ?? ["client_secret_basic"]).includes("none")) {
    visit.find("public_clients_refused", where, "token_endpoint_auth_methods_supported has no `none`.");
  }
  if (!textsOf(json["grant_types_supported"] ?? []).includes("refresh_token")) {
    visit.find("refresh_not_announced", where, "grant_types_supported has no refresh_token.");
  }
  const byUrl = json["client_id_metadata_document_supported"] === true;
  if (!byUrl && json["registration_endpoint"] === undefined) {
    visit.find(
      "registration_missing",
      where,
      "There is neither registration_endpoint nor client_id_metadata_document_supported.",
    );
  } else if (!byUrl) {
    visit.find("cimd_not_announced", where, "client_id_metadata_document_supported is not true.");
  }
}

const isUrl = (value: unknown): value is string => typeof value === "string" && URL.canParse(value);

const LOOPBACK = ["http://127.0.0.1:33418/callback", "http://127.0.0.1:49152/callback"] as const;

/** Registration as Cursor, VS Code and the Inspector do it, and the first step of a sign-in. */
async function inspectEndpoints(visit: Visit, url: string, { json }: Document): Promise<void> {
  const { registration_endpoint: registration, authorization_endpoint: authorize, token_endpoint: token } = json;
  if (isUrl(token)) await preflight(visit, token, ["content-type"]);
  if (!isUrl(registration)) return;
  await preflight(visit, registration, ["content-type"]);
  const body = JSON.stringify({
    client_name: "mcp-wicket doctor",
    redirect_uris: [LOOPBACK[0]],
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  });
  const answer = await visit.ask("Cursor, VS Code, Inspector, Claude Code", registration, {
    method: "POST",
    headers: { ...JSON_HEADERS, "Content-Type": "application/json" },
    body,
  });
  const client = jsonOf(answer.text);
  if (answer.status < 200 || answer.status > 299 || typeof client?.["client_id"] !== "string") {
    visit.find(
      "registration_refused",
      answer.request,
      `The response is ${String(answer.status)}: ${shortened(answer.text)}`,
    );
    return;
  }
  if (!isReadable(answer)) {
    visit.find("cors_origin", answer.request, `Access-Control-Allow-Origin does not allow ${PAGE}.`);
  }
  if (isUrl(authorize)) await inspectAuthorize(visit, url, authorize, client["client_id"], json);
  const { registration_client_uri: own, registration_access_token: ownToken } = client;
  if (isUrl(own) && new URL(own).origin === new URL(registration).origin && typeof ownToken === "string") {
    await visit.ask("(tidying up)", own, { method: "DELETE", headers: { Authorization: `Bearer ${ownToken}` } });
  }
}

async function inspectAuthorize(
  visit: Visit,
  resource: string,
  endpoint: string,
  client: string,
  metadata: Json,
): Promise<void> {
  const ask = (clients: string, redirect: string, more: Record<string, string>) => {
    const url = new URL(endpoint);
    const parameters = {
      response_type: "code",
      client_id: client,
      redirect_uri: redirect,
      state: "doctor",
      resource,
      ...more,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return visit.ask(clients, url.href, { headers: { Accept: "text/html" } });
  };
  // The example of RFC 7636, appendix B.
  const pkce = { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" };
  const usual = await ask(ALL, LOOPBACK[0], pkce);
  const where = `GET ${endpoint}`;
  if (isRefusal(usual)) {
    visit.find("authorize_refused", where, `A request with PKCE is answered with ${String(usual.status)}.`);
    return;
  }
  const other = await ask("Claude Code, Codex, Gemini CLI, VS Code", LOOPBACK[1], pkce);
  if (isRefusal(other)) {
    visit.find(
      "loopback_port_refused",
      where,
      `Another port of the redirect URI is answered with ${String(other.status)}.`,
    );
  }
  if (metadata["authorization_response_iss_parameter_supported"] !== true) return;
  const failed = returned(await ask("(to see an error)", LOOPBACK[0], { response_type: "unsupported" }));
  if (failed !== undefined && failed.searchParams.get("iss") !== metadata["issuer"]) {
    visit.find("iss_missing", where, `An error is returned with iss=${failed.searchParams.get("iss") ?? "(none)"}.`);
  }
}

function isRefusal({ status, headers }: Answer): boolean {
  return status === 0 || status >= 400 || (headers.get("location") ?? "").includes("error=");
}

/** The URL at which the response sends the browser back to the client: as a redirect, or as a link of a page. */
function returned({ headers, text }: Answer): URL | undefined {
  const link = /http:\/\/127\.0\.0\.1:33418\/callback\?[^"'<>\s]*/.exec(headers.get("location") ?? text)?.[0];
  const plain = link?.replaceAll(/&(?:amp|#38|#x26);/g, "&");
  return plain !== undefined && URL.canParse(plain) ? new URL(plain) : undefined;
}

function shortened(text: string): string {
  const plain = text.replaceAll(/\s+/g, " ").trim();
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}

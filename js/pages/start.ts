/**
 * The page at `/`: what this server is, and how to connect to it. It works without JavaScript; the script only copies.
 * The one thing taken from the request is the origin it was sent to.
 */
import { checkOptions, namesOf } from "../options.js";
import { escapeHtml } from "./html.js";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "./start-assets.js";

export interface StartPageOptions {
  /** The server's name. */
  name?: string;
  /** Where the MCP endpoint is. `/mcp` by default. */
  path?: string;
  /** Where the endpoint for clients of the older SSE transport is, if there is one. */
  ssePath?: string;
  /** A sentence of your own, shown below the name. */
  note?: string;
  /**
   * True if people must sign in, `"token"` if a client needs a token that it cannot get by itself. Otherwise the page warns
   * that anyone may use the server.
   */
  auth?: boolean | "token";
  /** Where the page is: every other path is answered with 404. `/` by default. */
  at?: string;
}

/** The page of an endpoint, for somebody who opens it in a browser. */
export interface EndpointPageOptions extends StartPageOptions {
  /** The transport that it speaks. */
  transport?: "http" | "sse";
}

const START_PAGE = namesOf<StartPageOptions>("startPage", {
  name: true,
  path: true,
  ssePath: true,
  note: true,
  auth: true,
  at: true,
});

const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": [
    "default-src 'none'",
    `style-src '${STYLE_HASH}'`,
    `script-src '${SCRIPT_HASH}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='none' stroke='%23888' stroke-width='2' d='M3 15V2m5 13V2m5 13V2M1 2h14'/%3E%3C/svg%3E";

/** Answers a GET or HEAD of the page that tells people how to connect; 404 for other paths than the page's. */
export function startPage(request: Request, options: StartPageOptions = {}): Response {
  checkOptions(START_PAGE, options);
  const here = new URL(request.url);
  if (here.pathname !== (options.at ?? "/")) {
    return new Response("Not found", { status: 404, headers: { "Content-Type": "text/plain; charset=utf-8" } });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Method not allowed", { status: 405, headers: { Allow: "GET, HEAD" } });
  }
  return new Response(request.method === "HEAD" ? null : page(here, options), { headers: HEADERS });
}

/** The same for who opens an endpoint in a browser, with the status and the headers that the endpoint answers with. */
export function endpointPage(
  request: Request,
  options: EndpointPageOptions,
  status: number,
  more: Iterable<[string, string]>,
): Response {
  const headers = new Headers(HEADERS);
  for (const [name, value] of more) headers.append(name, value);
  headers.append("Vary", "Accept");
  const body = request.method === "HEAD" ? null : page(new URL(request.url), options);
  return new Response(body, { status, headers });
}

function page(
  here: URL,
  { name = "MCP server", path = "/mcp", ssePath, note, auth = false, transport = "http" }: EndpointPageOptions,
): string {
  const id =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "my-mcp";
  const url = plainUrl(path, here);
  const isSse = transport === "sse";
  const server = auth === "token" ? { url, headers: { Authorization: "Bearer YOUR_TOKEN" } } : { url };
  const cursor = `cursor://anysphere.cursor-deeplink/mcp/install?name=${id}&config=${encodeURIComponent(btoa(JSON.stringify(server)))}`;
  const withToken = auth === "token" ? ' --header "Authorization: Bearer YOUR_TOKEN"' : "";
  const local = `<p class="note">This address works on this computer only, so claude.ai and ChatGPT cannot reach it. Deploy first: <code>npx wrangler deploy</code></p>`;

  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(name)}: connect</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(name)}</h1>
<p class="soft">${escapeHtml(note ?? "An MCP server. Connect an AI client to it with this URL:")}</p>
${copyable("the MCP URL", url)}
${auth === "token" ? `<p class="note">You need an access token from whoever runs this server. Put it where YOUR_TOKEN stands.</p>` : ""}
${auth ? "" : `<p class="note"><strong>No sign-in protects this server.</strong> Anyone who knows this URL can use it. To change that, put one of mcp-wicket’s sign-in patterns in front of it: its README shows how.</p>`}
${isLocal(here.hostname) ? local : ""}

<h2>Claude</h2>
${auth === "token" ? "" : "<p>In claude.ai or Claude Desktop, open Settings, then Connectors, choose “Add custom connector” and paste the MCP URL.</p>\n"}<p>In Claude Code, run:</p>
${copyable("the Claude Code command", `claude mcp add --transport ${transport} ${id} ${url}${withToken}`)}

<h2>Cursor</h2>
<p><a href="${escapeHtml(cursor)}">Add to Cursor</a>, or put this into <code>.cursor/mcp.json</code>:</p>
${copyable("the Cursor configuration", json({ mcpServers: { [id]: server } }))}

<h2>VS Code</h2>
<p>Put this into <code>.vscode/mcp.json</code>:</p>
${copyable("the VS Code configuration", json({ servers: { [id]: { type: transport, ...server } } }))}

${auth === "token" ? "" : chatGpt(url, auth)}
<h2>MCP Inspector</h2>
<p>Run this, choose “${isSse ? "SSE" : "Streamable HTTP"}” and paste the MCP URL${auth === "token" ? ", and your token under “Authentication”" : ""}:</p>
${copyable("the Inspector command", "npx @modelcontextprotocol/inspector@latest")}
${ssePath ? `<h2>Older clients</h2>\n<p>For clients that know only the SSE transport:</p>\n${copyable("the SSE URL", plainUrl(ssePath, here))}` : ""}
</main>
<p role="status" class="unseen"></p>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function chatGpt(url: string, auth: boolean): string {
  return `<h2>ChatGPT</h2>
<p>In Settings, open Apps &amp; Connectors, turn on Developer mode under Advanced, choose “Create”, paste the MCP URL and choose ${auth ? "“OAuth”" : "“No authentication”"}.</p>
${copyable("the URL for ChatGPT", url)}
`;
}

/** A text with a button that copies it. The button shows up only where the script runs. */
function copyable(what: string, text: string): string {
  return `<div class="copy"><pre>${escapeHtml(text)}</pre><button type="button" hidden>Copy<span class="unseen"> ${what}</span></button></div>`;
}

/** An absolute URL which is safe to paste into a shell: whatever is special there is percent-encoded. */
function plainUrl(path: string, here: URL): string {
  const special = /[^\w.:/[\]%~-]/g;
  return new URL(path, here.origin).href.replace(special, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

function isLocal(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

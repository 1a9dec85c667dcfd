/**
 * The page at `/`: what this server is, and how to connect to it. It works without JavaScript; the script only copies
 * text. Only the origin is taken from the request.
 */
import { isLocal } from "../common/loopback.js";
import { checkOptions, namesOf } from "../common/options.js";
import { INSPECTOR, type Server, chatGpt, claudeCode, claudeDesktop, cursor, idOf, vsCode } from "./clients.js";
import { escapeHtml } from "./html.js";
import { ICON } from "./style.js";
import { SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH } from "./start-assets.js";

export interface StartPageOptions {
  /** The server's name. */
  name?: string;
  /** The path of the MCP endpoint. `/mcp` by default. */
  path?: string;
  /** The path of the endpoint for clients of the legacy SSE transport, if there is one. */
  ssePath?: string;
  /** A sentence of your own, shown below the name. */
  note?: string;
  /**
   * True if people must sign in; `"token"` if a client needs a token that it cannot obtain itself. Otherwise the page warns
   * that anyone may use the server.
   */
  auth?: boolean | "token";
  /** The path of the page: every other path is answered with 404. `/` by default. */
  at?: string;
}

/** The page of an endpoint, for people who open it in a browser. */
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

/** Answers GET and HEAD requests with the page that shows how to connect; 404 for all other paths. */
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

/**
 * The same for people who open an endpoint in a browser, with the status and the headers of the endpoint's own
 * response.
 */
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
  const url = plainUrl(path, here);
  const server: Server = {
    id: idOf(name),
    url,
    transport,
    header: auth === "token" ? ["Authorization", "Bearer YOUR_TOKEN"] : undefined,
    signIn: auth === true,
  };
  const inCursor = cursor(server);
  const local = `<p class="note">This URL works on this computer only, so claude.ai and ChatGPT cannot reach it. Deploy first: <code>npx wrangler deploy</code></p>`;

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
${auth === "token" ? `<p class="note">You need an access token from the operator of this server. Replace YOUR_TOKEN with it.</p>` : ""}
${auth ? "" : `<p class="note"><strong>No sign-in protects this server.</strong> Anyone who knows this URL can use it. To change that, put one of mcp-wicket’s sign-in patterns in front of it: its README shows how.</p>`}
${isLocal(here.hostname) ? local : ""}

<h2>Claude</h2>
${auth === "token" ? "" : `<p>${claudeDesktop(server).how}</p>\n`}<p>${claudeCode(server).how}</p>
${copyable("the Claude Code command", claudeCode(server).text)}

<h2>Cursor</h2>
<p><a href="${escapeHtml(inCursor.link ?? "")}">Add to Cursor</a>, or put this into <code>${inCursor.file ?? ""}</code>:</p>
${copyable("the Cursor configuration", inCursor.text)}

<h2>VS Code</h2>
<p>Put this into <code>${vsCode(server).file ?? ""}</code>:</p>
${copyable("the VS Code configuration", vsCode(server).text)}

${auth === "token" ? "" : forChatGpt(server)}
<h2>MCP Inspector</h2>
<p>Run this, choose “${transport === "sse" ? "SSE" : "Streamable HTTP"}” and paste the MCP URL${auth === "token" ? ", and your token under “Authentication”" : ""}:</p>
${copyable("the Inspector command", INSPECTOR)}
${ssePath ? `<h2>Older clients</h2>\n<p>For clients that know only the SSE transport:</p>\n${copyable("the SSE URL", plainUrl(ssePath, here))}` : ""}
</main>
<p role="status" class="unseen"></p>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function forChatGpt(server: Server): string {
  const { title, how, text } = chatGpt(server);
  return `<h2>${title}</h2>
<p>${escapeHtml(how)}</p>
${copyable("the URL for ChatGPT", text)}
`;
}

/** A text with a button that copies it. The button is only visible if the script runs. */
function copyable(what: string, text: string): string {
  return `<div class="copy"><pre>${escapeHtml(text)}</pre><button type="button" hidden>Copy<span class="unseen"> ${what}</span></button></div>`;
}

/** An absolute URL that is safe to paste into a shell: special characters are percent-encoded. */
function plainUrl(path: string, here: URL): string {
  const special = /[^\w.:/[\]%~-]/g;
  return new URL(path, here.origin).href.replace(special, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

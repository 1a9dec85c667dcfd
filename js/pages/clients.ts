/**
 * How each client is connected to a server: the configuration, the file that it goes into, and a link that installs it where a
 * client has one. The start page and `mcp-wicket client-config` show the same. Each client is a function, so that a Worker
 * contains only those that its page shows.
 */

/** The server, as clients know it. */
export interface Server {
  /** The name under which a client lists it: lowercase letters, digits and hyphens. */
  id: string;
  /** The absolute URL of the endpoint. */
  url: string;
  transport: "http" | "sse";
  /** The name and the value of a header that each request must have, such as `Authorization` with a token. */
  header?: readonly [string, string] | undefined;
  /** Whether people sign in. Undefined if that is not known. */
  signIn?: boolean | undefined;
}

/** What a person pastes, and where. */
export interface Setup {
  /** The client. */
  title: string;
  /** What to do with `text`, in one sentence. */
  how: string;
  /** The file that `text` goes into. */
  file?: string;
  /** `url`: nothing but the URL of the endpoint. */
  language: "json" | "toml" | "shell" | "url";
  text: string;
  /** Opens the client and installs the server. */
  link?: string;
}

/** The name that `name` has in configurations. */
export function idOf(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "my-mcp"
  );
}

/** Claude Desktop reads only programs from its file: with a fixed token, `mcp-remote` sends it. */
export function claudeDesktop({ id, url, transport, header }: Server): Setup {
  const title = "Claude Desktop";
  if (header === undefined) {
    return {
      title,
      how: "In claude.ai or Claude Desktop, open Settings, then Connectors, choose “Add custom connector” and paste the MCP URL.",
      language: "url",
      text: url,
    };
  }
  // Claude Desktop on Windows breaks arguments at spaces, so the header's value comes from the environment.
  const [name, value] = header;
  const args = ["-y", "mcp-remote", url, "--header", `${name}:\${HEADER}`];
  if (transport === "sse") args.push("--transport", "sse-only");
  const server = { command: "npx", args, env: { HEADER: value } };
  return {
    title,
    how: "Put this into its file (Settings, then Developer, then “Edit Config”), and restart Claude Desktop.",
    file: "~/Library/Application Support/Claude/claude_desktop_config.json (macOS), %APPDATA%\\Claude\\claude_desktop_config.json (Windows)",
    language: "json",
    text: json({ mcpServers: { [id]: server } }),
  };
}

export function claudeCode({ id, url, transport, header }: Server): Setup {
  return {
    title: "Claude Code",
    how: "In Claude Code, run:",
    language: "shell",
    text: `claude mcp add --transport ${transport} ${id} ${word(url)}${flag(header)}`,
  };
}

export function cursor({ id, url, header }: Server): Setup {
  const server = { url, ...headersOf(header) };
  const config = encodeURIComponent(btoa(JSON.stringify(server)));
  return {
    title: "Cursor",
    how: "Put this into the file of your project or of your home folder.",
    file: ".cursor/mcp.json",
    language: "json",
    text: json({ mcpServers: { [id]: server } }),
    link: `cursor://anysphere.cursor-deeplink/mcp/install?name=${id}&config=${config}`,
  };
}

export function vsCode({ id, url, transport, header }: Server): Setup {
  const server = { type: transport, url, ...headersOf(header) };
  return {
    title: "VS Code",
    how: "Put this into the file of your project.",
    file: ".vscode/mcp.json",
    language: "json",
    text: json({ servers: { [id]: server } }),
    link: `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name: id, ...server }))}`,
  };
}

export function chatGpt({ url, header, signIn }: Server): Setup {
  const title = "ChatGPT";
  if (header !== undefined) {
    const how = "ChatGPT cannot send a header of your own. Let people sign in instead.";
    return { title, how, language: "url", text: url };
  }
  const choice =
    signIn === undefined
      ? "“OAuth” if people sign in, otherwise “No authentication”"
      : signIn
        ? "“OAuth”"
        : "“No authentication”";
  return {
    title,
    how: `In Settings, open Apps & Connectors, turn on Developer mode under Advanced, choose “Create”, paste the MCP URL and choose ${choice}.`,
    language: "url",
    text: url,
  };
}

export function codex({ id, url, header }: Server): Setup {
  const lines = [`[mcp_servers.${id}]`, `url = ${JSON.stringify(url)}`];
  if (header !== undefined) lines.push(`http_headers = { ${header.map((part) => JSON.stringify(part)).join(" = ")} }`);
  return {
    title: "Codex",
    how: `Put this into its file${header === undefined ? `; if people sign in, run: codex mcp login ${id}` : "."}`,
    file: "~/.codex/config.toml",
    language: "toml",
    text: lines.join("\n"),
  };
}

export function geminiCli({ id, url, transport, header }: Server): Setup {
  const server = { [transport === "sse" ? "url" : "httpUrl"]: url, ...headersOf(header) };
  return {
    title: "Gemini CLI",
    how: `Put this into its file${header === undefined ? `; if people sign in, enter: /mcp auth ${id}` : "."}`,
    file: "~/.gemini/settings.json",
    language: "json",
    text: json({ mcpServers: { [id]: server } }),
  };
}

export function windsurf({ id, url, header }: Server): Setup {
  return {
    title: "Windsurf",
    how: "Put this into its file, and refresh the list of servers.",
    file: "~/.codeium/windsurf/mcp_config.json",
    language: "json",
    text: json({ mcpServers: { [id]: { serverUrl: url, ...headersOf(header) } } }),
  };
}

/** Starts the Inspector, which asks for a URL. */
export const INSPECTOR = "npx @modelcontextprotocol/inspector@latest";

export function inspector({ url, transport, header }: Server): Setup {
  return {
    title: "MCP Inspector",
    how: "Run:",
    language: "shell",
    text: `${INSPECTOR} --transport ${transport} --server-url ${word(url)}${flag(header)}`,
  };
}

function headersOf(header: Server["header"]): { headers?: Record<string, string> } {
  return header === undefined ? {} : { headers: { [header[0]]: header[1] } };
}

/** The header as an argument of a command. */
function flag(header: Server["header"]): string {
  if (header === undefined) return "";
  const text = header.join(": ");
  return ` --header ${/["$`\\!]/.test(text) ? quoted(text) : `"${text}"`}`;
}

/** A URL as a word of a shell. */
function word(url: string): string {
  return /^[\w.:/[\]%~-]+$/.test(url) ? url : quoted(url);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** `mcp-wicket client-config`: how a client is connected to a server. */
import {
  type Server,
  type Setup,
  chatGpt,
  claudeCode,
  claudeDesktop,
  codex,
  cursor,
  geminiCli,
  idOf,
  inspector,
  vsCode,
  windsurf,
} from "../pages/clients.js";

/** The clients, by the names that `--client` accepts. */
export const CLIENTS: Record<string, (server: Server) => Setup> = {
  "claude-desktop": claudeDesktop,
  "claude-code": claudeCode,
  cursor,
  vscode: vsCode,
  chatgpt: chatGpt,
  codex,
  gemini: geminiCli,
  windsurf,
  inspector,
};

export interface ClientConfigOptions {
  url: string | undefined;
  /** One of `CLIENTS`; all of them if it is undefined. */
  client?: string | undefined;
  /** `Name: value`. */
  header?: string | undefined;
}

/** The configuration, for a file or a pipe, and what to do with it, for people. Throws with what to do instead. */
export function clientConfig({ url, client, header }: ClientConfigOptions): { text: string; how?: string } {
  const server = serverAt(url, header);
  if (client === undefined) {
    const setups = Object.values(CLIENTS).map((setup) => setup(server));
    return { text: setups.map((setup) => `## ${setup.title}\n\n${howTo(setup)}\n\n${setup.text}`).join("\n\n") };
  }
  const setup = Object.hasOwn(CLIENTS, client) ? CLIENTS[client]?.(server) : undefined;
  if (setup === undefined) {
    throw new Error(`--client ${client} is not known. Use one of: ${Object.keys(CLIENTS).join(", ")}.`);
  }
  return { text: setup.text, how: `${setup.title}: ${howTo(setup)}` };
}

function howTo({ how, file, link }: Setup): string {
  const lines = [how];
  if (file !== undefined) lines.push(`File: ${file}`);
  if (link !== undefined) lines.push(`Or open this link: ${link}`);
  return lines.join("\n");
}

function serverAt(given: string | undefined, header: string | undefined): Server {
  const url = endpointUrl(given);
  const { hostname, pathname, href } = url;
  const isName = /[a-z]/.test(hostname) && hostname !== "localhost" && !hostname.includes(":");
  return {
    id: idOf(isName ? (hostname.replace(/^(www|mcp|api)\./, "").split(".")[0] ?? "") : ""),
    url: href,
    transport: pathname.endsWith("/sse") ? "sse" : "http",
    header: header === undefined ? undefined : headerOf(header),
  };
}

/** The URL of an endpoint, as a person writes it. Throws with what to write. */
export function endpointUrl(given: string | undefined): URL {
  const example = "https://my-mcp.example.workers.dev/mcp";
  if (given === undefined || given === "") throw new Error(`Specify the URL of the MCP endpoint, such as ${example}.`);
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:") || url.hostname === "") {
    throw new Error(`"${given}" is not the URL of an MCP endpoint. Write it in full, such as ${example}.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("Remove the name and the password from the URL: clients do not send them. Use --header.");
  }
  url.hash = "";
  return url;
}

function headerOf(text: string): [string, string] {
  const [, name, value] =
    /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new Error(`--header must have the form "Name: value", such as --header "Authorization: Bearer YOUR_TOKEN".`);
  }
  return [name, value];
}

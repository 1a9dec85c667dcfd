/** The official TypeScript clients, and the bridge for clients that know only stdio. */
import * as v2 from "@modelcontextprotocol/client";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ClientState } from "../../../harness/oauth-client.ts";
import { at } from "../../../harness/paths.ts";
import { Home } from "../program.ts";
import { ARGUMENTS, type Site, type Visited, type Visitor } from "../visits.ts";

const info = { name: "interop", version: "1.0.0" };
const REDIRECT = "http://127.0.0.1:33420/callback";

interface Sdk {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

async function used(client: Sdk): Promise<Visited> {
  const { tools } = await client.listTools();
  const { content } = (await client.callTool({ name: "add", arguments: ARGUMENTS })) as { content: { text: string }[] };
  await client.close();
  return { tools: tools.map(({ name }) => name), answer: content[0]?.text ?? "" };
}

const headers = ({ key }: Site) => {
  const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
  return { requestInit: { headers } };
};

/** Connects; when it is sent away to sign in, the person does, and it connects again. */
async function signingIn<T extends { finishAuth(params: URLSearchParams): Promise<void> }>(
  { person }: Site,
  transport: (state: ClientState) => T,
  connect: (transport: T) => Promise<Sdk>,
): Promise<Visited> {
  if (!person) throw new Error("nobody is there to sign in");
  let asked = "";
  const state = new ClientState(REDIRECT, ({ href }) => (asked = href));
  const first = transport(state);
  try {
    await connect(first);
    throw new Error("no sign-in was needed");
  } catch (error) {
    if (!(error instanceof UnauthorizedError || error instanceof v2.UnauthorizedError)) throw error;
  }
  await first.finishAuth((await person.authorize(asked)).searchParams);
  return used(await connect(transport(state)));
}

async function version1(transport: Transport): Promise<v1.Client> {
  const client = new v1.Client(info);
  await client.connect(transport);
  return client;
}

const sdk1: Visitor = {
  title: "SDK 1",
  visit: async (site) => {
    const url = new URL(site.url);
    if (!site.person) return used(await version1(new StreamableHTTPClientTransport(url, headers(site))));
    const transport = (authProvider: ClientState) => {
      const made = new StreamableHTTPClientTransport(url, { authProvider });
      return { made, finishAuth: (params: URLSearchParams) => made.finishAuth(params.get("code") ?? "") };
    };
    return signingIn(site, transport, ({ made }) => version1(made as Transport));
  },
};

const sdk2 = (title: string, mode: v2.VersionNegotiationMode): Visitor => ({
  title,
  visit: async (site) => {
    const connect = async (transport: v2.StreamableHTTPClientTransport) => {
      const client = new v2.Client(info, { versionNegotiation: { mode } });
      await client.connect(transport);
      return client;
    };
    const url = new URL(site.url);
    if (!site.person) return used(await connect(new v2.StreamableHTTPClientTransport(url, headers(site))));
    const transport = (state: ClientState) =>
      new v2.StreamableHTTPClientTransport(url, { authProvider: state as unknown as v2.OAuthClientProvider });
    return signingIn(site, transport, connect);
  },
});

const bridge: Visitor = {
  title: "mcp-remote",
  visit: async (site) => {
    const home = new Home(site.person);
    const args = [at("node_modules/mcp-remote/dist/proxy.js"), site.url, "--allow-http", "--transport", "http-only"];
    if (site.key) args.push("--header", `Authorization:Bearer ${site.key}`);
    const stdio = { command: process.execPath, args, env: home.env(), cwd: home.folder, stderr: "ignore" as const };
    try {
      return await used(await version1(new StdioClientTransport(stdio)));
    } finally {
      home.remove();
    }
  },
};

export const sdkVisitors: Visitor[] = [
  sdk1,
  sdk2("SDK 2, 2026-07-28", { pin: "2026-07-28" }),
  sdk2("SDK 2, auto", "auto"),
  bridge,
];

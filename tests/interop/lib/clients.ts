/** The official clients, in each way that they can be told to connect. */
import * as v2 from "@modelcontextprotocol/client";
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

export interface Called {
  content: { type: string; text?: string; data?: string; mimeType?: string; resource?: object }[];
  isError?: boolean;
}

/** What the clients have in common. */
export interface Connected {
  /** The revision they agreed on. */
  revision: string | undefined;
  server: { name: string; version: string } | undefined;
  capabilities: object | undefined;
  /** What the client complained about on the way. */
  complaints: Error[];
  list(): Promise<{ tools: { name: string; description?: string | undefined; inputSchema: object }[] }>;
  call(name: string, args?: Record<string, unknown>): Promise<Called>;
  close(): Promise<void>;
}

export interface Official {
  title: string;
  transport: "http" | "sse";
  revision: string;
  connect: (url: string, fetchWith?: typeof fetch) => Promise<Connected>;
}

const info = { name: "interop", version: "1.0.0" };

/** A client of either version, once it is connected. */
function connected(client: v1.Client | v2.Client, revision: string | undefined, complaints: Error[]): Connected {
  return {
    revision,
    server: client.getServerVersion(),
    capabilities: client.getServerCapabilities(),
    complaints,
    list: () => client.listTools(),
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as Called,
    close: () => {
      delete client.onerror; // what it breaks off itself is no complaint
      return client.close();
    },
  };
}

async function connectV1(transport: StreamableHTTPClientTransport | SSEClientTransport): Promise<Connected> {
  const client = new v1.Client(info);
  const complaints: Error[] = [];
  client.onerror = (error) => complaints.push(error);
  let revision: string | undefined;
  const set = transport.setProtocolVersion.bind(transport);
  transport.setProtocolVersion = (version) => {
    revision = version;
    set(version);
  };
  await client.connect(transport);
  return connected(client, revision, complaints);
}

async function connectV2(
  url: string,
  mode: v2.VersionNegotiationMode | undefined,
  fetchWith = fetch,
): Promise<Connected> {
  const client = new v2.Client(info, mode && { versionNegotiation: { mode } });
  const complaints: Error[] = [];
  client.onerror = (error) => complaints.push(error);
  await client.connect(new v2.StreamableHTTPClientTransport(new URL(url), { fetch: fetchWith }));
  return connected(client, client.getNegotiatedProtocolVersion(), complaints);
}

export const officials: Official[] = [
  {
    title: "SDK 1 over streamable HTTP",
    transport: "http",
    revision: "2025-11-25",
    connect: (url, fetchWith = fetch) =>
      connectV1(new StreamableHTTPClientTransport(new URL(url), { fetch: fetchWith })),
  },
  {
    title: "SDK 1 over HTTP+SSE",
    transport: "sse",
    revision: "2025-11-25",
    connect: (url, fetchWith = fetch) => connectV1(new SSEClientTransport(new URL(url), { fetch: fetchWith })),
  },
  {
    title: "SDK 2 pinned to 2026-07-28",
    transport: "http",
    revision: "2026-07-28",
    connect: (url, fetchWith) => connectV2(url, { pin: "2026-07-28" }, fetchWith),
  },
  {
    title: "SDK 2 that finds out by itself",
    transport: "http",
    revision: "2026-07-28",
    connect: (url, fetchWith) => connectV2(url, "auto", fetchWith),
  },
  {
    title: "SDK 2 as it comes",
    transport: "http",
    revision: "2025-11-25",
    connect: (url, fetchWith) => connectV2(url, undefined, fetchWith),
  },
];

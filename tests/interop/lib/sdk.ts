/** The official TypeScript clients, and whatever they reach through a bridge. */
import * as v2 from "@modelcontextprotocol/client";
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { at } from "../../harness/paths.ts";
import { type Client, EXPECTED, Limitation, type Operation, until } from "./operations.ts";

const info = { name: "interop", version: "1.0.0" };
const capabilities = { capabilities: { elicitation: { form: {} } } };
const YES = { action: "accept" as const, content: { response: "yes" } };
const WATCHED = "test://watched-resource";

interface Called {
  content: { text?: string }[];
}

/** What both versions of the client have in common. */
interface Sdk {
  listTools(): Promise<{ tools: { name: string }[] }>;
  listResources(): Promise<{ resources: { name: string }[] }>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  readResource(params: { uri: string }): Promise<{ contents: unknown[] }>;
  getPrompt(params: { name: string; arguments: Record<string, string> }): Promise<{ messages: unknown[] }>;
  complete(params: {
    ref: { type: "ref/prompt"; name: string };
    argument: { name: string; value: string };
  }): Promise<{ completion: { values: string[] } }>;
  close(): Promise<void>;
}

interface Connected {
  sdk: Sdk;
  /** Calls a tool; `signal` cancels it. */
  call: (name: string, args?: Record<string, unknown>, signal?: AbortSignal) => Promise<string>;
  /** Listens for updates of the watched resource, and gives the first that comes after `change`. */
  subscribe: (change: () => Promise<unknown>) => Promise<string>;
  /** What comes of a call whose stream breaks off. */
  resume: (() => Promise<string>) | Limitation;
}

const NO_RESUMPTION = new Limitation("revision 2026-07-28 has no resumption: a lost stream is a lost request");

async function run({ sdk, call, subscribe, resume }: Connected, operation: Operation, name: string) {
  switch (operation) {
    case "list": {
      const names = [
        (await sdk.listTools()).tools,
        (await sdk.listResources()).resources,
        (await sdk.listPrompts()).prompts,
      ];
      const wanted = EXPECTED.list.split(" ");
      return wanted.filter((name, at) => names[at]?.some((one) => one.name === name)).join(" ");
    }
    case "call":
      return call("test_simple_text");
    case "read": {
      const [first] = (await sdk.readResource({ uri: "test://static-text" })).contents as { text: string }[];
      return first?.text ?? "";
    }
    case "get": {
      const args = { arg1: "hello", arg2: "world" };
      const { messages } = await sdk.getPrompt({ name: "test_prompt_with_arguments", arguments: args });
      return (messages as { content: { text: string } }[])[0]?.content.text ?? "";
    }
    case "complete": {
      const ref = { type: "ref/prompt" as const, name: "test_prompt_with_arguments" };
      const { completion } = await sdk.complete({ ref, argument: { name: "arg1", value: "he" } });
      return completion.values.join();
    }
    case "elicit":
      return call("test_elicitation", { message: "May I?" });
    case "subscribe":
      return subscribe(() => call("test_trigger_resource_update", { uri: WATCHED }));
    case "cancel": {
      const waiting = new AbortController();
      const call_ = call("wait_until_cancelled", { name }, waiting.signal).catch(() => "gone");
      // real time: clients do not say when their request has been sent
      await new Promise((resolve) => setTimeout(resolve, 500));
      waiting.abort("no patience");
      await call_;
      const seen = await until(async () => (await call("cancelled")).split(",").includes(name));
      return seen ? "cancelled" : "not cancelled";
    }
    case "resume":
      return resume instanceof Limitation ? resume : resume();
  }
}

async function connectV1(transport: Transport, resumes: boolean | Limitation): Promise<Connected> {
  const client = new v1.Client(info, capabilities);
  client.setRequestHandler(ElicitRequestSchema, () => YES);
  await client.connect(transport);
  const call = async (name: string, args = {}, signal?: AbortSignal) => {
    const called = await client.callTool({ name, arguments: args }, undefined, signal && { signal });
    return (called as Called).content[0]?.text ?? "";
  };
  return {
    sdk: client,
    call,
    subscribe: async (change) => {
      const heard = new Promise<string>((resolve) => {
        client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => resolve(params.uri));
      });
      await client.subscribeResource({ uri: WATCHED });
      await change();
      return heard;
    },
    resume: resumes instanceof Limitation ? resumes : () => call("test_reconnection"),
  };
}

async function connectV2(url: string, mode: v2.VersionNegotiationMode): Promise<Connected> {
  const client = new v2.Client(info, { ...capabilities, versionNegotiation: { mode } });
  client.setRequestHandler("elicitation/create", () => YES);
  await client.connect(new v2.StreamableHTTPClientTransport(new URL(url)));
  return {
    sdk: client,
    call: async (name, args = {}, signal) => {
      const called = await client.callTool({ name, arguments: args }, signal && { signal });
      return (called as Called).content[0]?.text ?? "";
    },
    subscribe: async (change) => {
      const heard = new Promise<string>((resolve) => {
        client.setNotificationHandler("notifications/resources/updated", ({ params }) => resolve(params.uri));
      });
      const listening = await client.listen({ resourceSubscriptions: [WATCHED] });
      await change();
      const uri = await heard;
      await listening.close();
      return uri;
    },
    resume: NO_RESUMPTION,
  };
}

/** A client that connects anew for each operation. */
const sdkClient = (
  title: string,
  connect: (site: string) => Promise<Connected>,
  limits: Client["limits"] = {},
): Client => ({
  title,
  limits,
  run: async (operation, site) => {
    const connected = await connect(site);
    try {
      return await run(connected, operation, title.replaceAll(/\W/g, "-"));
    } finally {
      await connected.sdk.close();
    }
  },
});

const MODERN_LIMITS = { resume: /has no resumption/ };

/** The bridge that gives clients who know only stdio a remote server. */
const bridge = (site: string) =>
  new StdioClientTransport({
    command: process.execPath,
    args: [at("node_modules/mcp-remote/dist/proxy.js"), `${site}/kept`, "--allow-http", "--transport", "http-only"],
    stderr: "ignore",
  });

export const sdkClients: Client[] = [
  sdkClient("SDK 1, streamable HTTP", (site) =>
    connectV1(new StreamableHTTPClientTransport(new URL(`${site}/kept`)), true),
  ),
  sdkClient(
    "SDK 1, HTTP+SSE",
    (site) =>
      connectV1(
        new SSEClientTransport(new URL(`${site}/sse`)),
        new Limitation("HTTP+SSE (2024-11-05) has no resumption"),
      ),
    { resume: /has no resumption/ },
  ),
  sdkClient("SDK 2, 2026-07-28", (site) => connectV2(`${site}/mcp`, { pin: "2026-07-28" }), MODERN_LIMITS),
  sdkClient("SDK 2, auto", (site) => connectV2(`${site}/mcp`, "auto"), MODERN_LIMITS),
  sdkClient("mcp-remote", (site) => connectV1(bridge(site), true)),
];

/** A client for tests: it connects to a Worker in the same process, or to a URL, and speaks any revision of the protocol. */
import { WicketError } from "../common/errors.js";
import { checkOptions, namesOf } from "../common/options.js";
import type {
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  ElicitParams,
  ElicitResult,
  GetPromptResult,
  Implementation,
  LoggingLevel,
  Prompt,
  ReadResourceResult,
  Resource,
  Root,
  SampleParams,
  SampleResultWithTools,
  ServerCapabilities,
  Tool,
} from "../mcp/server/types.js";
import { Exchange, MODERN, type Notification, type Revision, type RequestOptions } from "./exchange.js";
import { Listening, type ListenTo, listen } from "./listening.js";
import { type TargetOptions, type Target, sendTo } from "./target.js";

/** Where to connect, as whom, and the client's capabilities. */
export interface ConnectOptions extends TargetOptions {
  /** An access token, JWT or API key: sent as `Authorization: Bearer …`. */
  token?: string;
  /** Further headers. */
  headers?: Record<string, string>;
  /** The path of the MCP endpoint. Default `/mcp`. */
  path?: string;
  /** Scheme and host of the Worker's URL. Default `https://mcp.example.com`; tokens are for `origin` + `path`. */
  origin?: string;
  /** The protocol revision. Default `2026-07-28`; earlier ones begin a session. */
  revision?: Revision;
  /** The client's name and version. */
  clientInfo?: { name: string; version: string };
  /** The lowest level of log messages to request. By default none on 2026-07-28, and all on older revisions. */
  logLevel?: LoggingLevel;
  /** Answers a tool's questions to a person. Without it, the client does not declare the capability. */
  elicit?: (params: ElicitParams) => ElicitResult | Promise<ElicitResult>;
  /** Answers a tool's questions to a language model. Without it, the client does not declare the capability. */
  sample?: (params: SampleParams) => SampleResultWithTools | Promise<SampleResultWithTools>;
  /** The roots of the client. Without it, the client does not declare the capability. */
  roots?: readonly Root[];
  /** Called with each notification before a result; `client.notifications` has all of them. */
  onNotification?: (notification: Notification) => void;
}

/** Options of one call. */
export interface CallOptions extends RequestOptions {
  /** Called with the progress of the call; without it, the client does not request progress. */
  onProgress?: (progress: { progress: number; total?: number; message?: string }) => void;
}

/** A resource template as the server lists it. */
export interface ListedResourceTemplate extends Omit<Resource, "uri"> {
  uriTemplate: string;
}

/** The result of a call; `isError` is true if the tool has failed. */
export interface ToolCallResult<Structured = unknown> extends CallToolResult {
  content: ContentBlock[];
  structuredContent?: Structured;
}

/** What to complete: an argument of a prompt, or a variable of a resource template. */
export type CompletionOf = { prompt: string } | { template: string };

/** The server's name, version and capabilities. */
export interface ServerDescription {
  serverInfo: Implementation;
  capabilities: ServerCapabilities;
  instructions?: string;
  /** The negotiated revision. */
  protocolVersion: string;
}

/**
 * Connects to `target`: a Worker's default export, a handler, `SELF`, or the URL of a server (its path is the
 * endpoint's).
 *
 * Throws `HttpError` if the server refuses the request (401, 403, 429), and `ProtocolError` if it returns an error.
 *
 * ```ts
 * const client = await connect(worker, { token, elicit: () => ({ action: "accept", content: { name: "Ada" } }) });
 * const { content } = await client.callTool("add", { a: 40, b: 2 });
 * ```
 */
export async function connect<Env = never>(target: Target<Env>, options: ConnectOptions = {}): Promise<TestClient> {
  checkOptions(CONNECT, options);
  const client = new TestClient(sendTo(target, calling(options)), urlOf(target, options), options);
  await client.begin();
  return client;
}

const CONNECT = namesOf<ConnectOptions>("connect", {
  env: true,
  props: true,
  token: true,
  headers: true,
  path: true,
  origin: true,
  revision: true,
  clientInfo: true,
  logLevel: true,
  elicit: true,
  sample: true,
  roots: true,
  onNotification: true,
});

const CALL = namesOf<CallOptions>("callTool", { signal: true, meta: true, onProgress: true });

const calling = ({ env, props }: ConnectOptions): TargetOptions => ({
  ...(env !== undefined && { env }),
  ...(props && { props }),
});

function urlOf(target: unknown, { origin, path }: ConnectOptions): string {
  if (typeof target !== "string" && !(target instanceof URL)) {
    return new URL(path ?? "/mcp", origin ?? "https://mcp.example.com").href;
  }
  if (origin !== undefined)
    throw new WicketError("ERR_ARGUMENT", "`origin` is for Workers in this process: a URL has its own.");
  const url = new URL(target);
  if (path !== undefined || url.pathname === "/") url.pathname = path ?? "/mcp";
  return url.href;
}

/** A connected client, from `connect`. */
export class TestClient {
  /** All notifications that the server has sent before results, the earliest first. */
  readonly notifications: Notification[] = [];
  readonly #exchange: Exchange;
  readonly #options: ConnectOptions;
  readonly #progress = new Map<unknown, Required<CallOptions>["onProgress"]>();
  #server: ServerDescription | undefined;
  #token = 0;

  constructor(send: (request: Request) => Promise<Response>, url: string, options: ConnectOptions) {
    const { token, headers, revision = MODERN, clientInfo = { name: "test", version: "1.0.0" }, logLevel } = options;
    this.#options = options;
    this.#exchange = new Exchange({
      send,
      url,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      revision,
      capabilities: capabilitiesOf(options),
      clientInfo,
      logLevel,
      answer: (method, params) => this.#answer(method, params),
      heard: (notification) => this.#heard(notification),
    });
  }

  /** Initializes the connection; `connect` has done that. */
  async begin(): Promise<void> {
    const { revision, capabilities, clientInfo, logLevel } = this.#exchange.speaker;
    if (revision === MODERN) {
      const found = await this.request("server/discover");
      const meta = found._meta as Record<string, unknown> | undefined;
      const serverInfo = found.serverInfo ?? meta?.["io.modelcontextprotocol/serverInfo"];
      this.#server = { ...found, serverInfo, protocolVersion: revision } as ServerDescription;
      return;
    }
    const asked = { protocolVersion: revision, capabilities, clientInfo };
    this.#server = (await this.request("initialize", asked)) as unknown as ServerDescription;
    await this.#exchange.notify("notifications/initialized");
    if (logLevel !== undefined) await this.request("logging/setLevel", { level: logLevel });
  }

  /** The server's name, version and capabilities. */
  get server(): ServerDescription {
    if (!this.#server) throw new WicketError("ERR_ARGUMENT", "Use `connect` to create a client.");
    return this.#server;
  }

  /** All tools that the caller may use. */
  async listTools(): Promise<Tool[]> {
    return this.#all<Tool>("tools/list", "tools");
  }

  /** All resources that the caller may read. */
  async listResources(): Promise<Resource[]> {
    return this.#all<Resource>("resources/list", "resources");
  }

  /** All resource templates. */
  async listResourceTemplates(): Promise<ListedResourceTemplate[]> {
    return this.#all<ListedResourceTemplate>("resources/templates/list", "resourceTemplates");
  }

  /** All prompts. */
  async listPrompts(): Promise<Prompt[]> {
    return this.#all<Prompt>("prompts/list", "prompts");
  }

  /** Calls a tool, and answers its questions. If the tool fails, the result has `isError`, as models see it. */
  async callTool<Structured = unknown>(
    name: string,
    args: Record<string, unknown> = {},
    options: CallOptions = {},
  ): Promise<ToolCallResult<Structured>> {
    checkOptions(CALL, options);
    const { onProgress, ...sending } = options;
    const meta = { ...sending.meta };
    if (onProgress) this.#progress.set((meta.progressToken = `call-${++this.#token}`), onProgress);
    const result = await this.request("tools/call", { name, arguments: args }, { ...sending, meta });
    return { ...result, content: (result.content as ContentBlock[] | undefined) ?? [] };
  }

  /** Reads a resource. */
  async readResource(uri: string, sending?: RequestOptions): Promise<ReadResourceResult> {
    return (await this.request("resources/read", { uri }, sending)) as unknown as ReadResourceResult;
  }

  /** Gets a prompt. */
  async getPrompt(name: string, args: Record<string, string> = {}, sending?: RequestOptions): Promise<GetPromptResult> {
    return (await this.request("prompts/get", { name, arguments: args }, sending)) as unknown as GetPromptResult;
  }

  /** The completions of `value`; `known` are arguments that have values already. */
  async complete(
    of: CompletionOf,
    argument: string,
    value: string,
    known?: Record<string, string>,
  ): Promise<{ values: string[]; total?: number; hasMore?: boolean }> {
    const ref = "prompt" in of ? { type: "ref/prompt", name: of.prompt } : { type: "ref/resource", uri: of.template };
    const asked = { ref, argument: { name: argument, value }, ...(known && { context: { arguments: known } }) };
    return (await this.request("completion/complete", asked)).completion as { values: string[] };
  }

  /** Subscribes to changes from now on. Close the result when the test has ended. */
  listen(to: ListenTo): Promise<Listening> {
    return listen(this.#exchange, to);
  }

  /** Sends any request of the protocol, and returns its result. */
  request(
    method: string,
    params: Record<string, unknown> = {},
    sending: RequestOptions = {},
  ): Promise<Record<string, unknown>> {
    return this.#exchange.request(method, params, sending);
  }

  async #all<Item>(method: string, member: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: unknown;
    do {
      const page = await this.request(method, cursor === undefined ? {} : { cursor });
      items.push(...(page[member] as Item[]));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return items;
  }

  #heard(notification: Notification): void {
    this.notifications.push(notification);
    const { method, params } = notification;
    if (method === "notifications/progress") this.#progress.get(params.progressToken)?.(params as { progress: number });
    this.#options.onNotification?.(notification);
  }

  async #answer(method: string, params: Record<string, unknown>): Promise<object> {
    const { elicit, sample, roots } = this.#options;
    if (method === "elicitation/create" && elicit) return elicit(params as unknown as ElicitParams);
    if (method === "sampling/createMessage" && sample) return sample(params as unknown as SampleParams);
    if (method === "roots/list" && roots) return { roots };
    throw new WicketError("ERR_ARGUMENT", `The server requested ${method}, which this client has not declared.`);
  }
}

function capabilitiesOf({ elicit, sample, roots }: ConnectOptions): ClientCapabilities {
  return {
    ...(elicit && { elicitation: { form: {}, url: {} } }),
    ...(sample && { sampling: { tools: {} } }),
    ...(roots && { roots: {} }),
  };
}

/** The text of a result: its text blocks, one per line. */
export function textOf({ content = [] }: Pick<CallToolResult, "content">): string {
  return content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
}

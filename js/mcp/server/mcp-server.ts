/**
 * The MCP server. Its registration API is that of the official TypeScript SDK, so only the import lines have to change.
 * Registration only stores references, because a server is created for each request.
 */
import { WicketError } from "../../common/errors.js";
import { checkOptions, namesOf, oneOf, openNamesOf } from "../../common/options.js";
import type { ToolContext } from "./context.js";
import { LowLevelServer, Messages } from "./low-level.js";
import {
  ANNOUNCED,
  type AnyPromptCallback,
  type AnyToolCallback,
  type Awaitable,
  Prompt,
  type PromptAnnouncement,
  type ReadResourceCallback,
  type ReadResourceTemplateCallback,
  type RegisteredPrompt,
  type RegisteredResource,
  type RegisteredResourceTemplate,
  type RegisteredTool,
  Registry,
  type ResourceMetadata,
  StaticResource,
  ResourceTemplateEntry,
  Tool,
  type ToolAnnouncement,
} from "./registered.js";
import { checkArguments } from "./prompt-arguments.js";
import type { OnCall } from "./on-call.js";
import { ResourceTemplate } from "./resource-template.js";
import { type ArgumentsOf, type InputSchema, type Shape, isSchema, isShape } from "./schema/standard.js";
import { Serving } from "./serving.js";
import type {
  CallToolResult,
  GetPromptResult,
  Icon,
  Implementation,
  ServerCapabilities,
  ToolAnnotations,
} from "./types.js";

export interface McpServerOptions {
  /** How to use the server, for the model. */
  instructions?: string;
  /** Capabilities in addition to those of what is registered. */
  capabilities?: ServerCapabilities;
  /** The number of items per page of a list; by default a list has one page. */
  pageSize?: number;
  /**
   * `"verbatim"` sends the message of every error that a handler throws to the client, as the official SDK does. By default
   * it stays in the log, and the client gets an ID, because error messages can reveal files, hosts and secrets.
   */
  errors?: "verbatim" | undefined;
  /** One or several hooks around each call of a tool, prompt or resource, the first outermost: for logs, metrics, limits. */
  onCall?: OnCall | readonly OnCall[] | undefined;
  /**
   * For compatibility with the official SDK; always on: a client only gets requests for capabilities that it has declared.
   */
  enforceStrictCapabilities?: boolean | undefined;
  /** For compatibility with the official SDK; no effect. */
  debouncedNotificationMethods?: string[] | undefined;
  /** For compatibility with the official SDK; no effect: Rust validates the answers of clients. */
  jsonSchemaValidator?: unknown;
}

/** The description of a tool, with the types of its arguments. */
export interface ToolConfig<Input extends InputSchema | undefined = InputSchema | undefined> extends ToolAnnouncement {
  inputSchema?: Input;
}

/** The description of a prompt, with the types of its arguments. */
export interface PromptConfig<
  Args extends InputSchema | undefined = InputSchema | undefined,
> extends PromptAnnouncement {
  argsSchema?: Args;
}

/** A tool's handler: gets the arguments, if the tool has an input schema, and the context of the call. */
export type ToolCallback<Input extends InputSchema | undefined = undefined> = Input extends InputSchema
  ? (args: ArgumentsOf<Input>, context: ToolContext) => Awaitable<CallToolResult>
  : (context: ToolContext) => Awaitable<CallToolResult>;

/** A prompt's handler: gets the arguments, if the prompt has an arguments schema, and the context of the request. */
export type PromptCallback<Args extends InputSchema | undefined = undefined> = Args extends InputSchema
  ? (args: ArgumentsOf<Args>, context: ToolContext) => Awaitable<GetPromptResult>
  : (context: ToolContext) => Awaitable<GetPromptResult>;

const TASKS = "Tasks are not supported: a tool may run as long as it needs.";

const SERVER = namesOf<McpServerOptions>(
  "McpServer",
  {
    instructions: true,
    capabilities: openNamesOf<ServerCapabilities>("capabilities", {
      tools: true,
      resources: true,
      prompts: true,
      completions: true,
      logging: true,
      experimental: true,
      extensions: true,
    }),
    pageSize: true,
    errors: oneOf("verbatim"),
    onCall: true,
    enforceStrictCapabilities: true,
    debouncedNotificationMethods: true,
    jsonSchemaValidator: true,
  },
  {
    taskStore: TASKS,
    taskMessageQueue: TASKS,
    defaultTaskPollInterval: TASKS,
    maxTaskQueueSize: TASKS,
    maxToolInputElements: "A body may have 4 MiB; set other limits in the schemas of your tools.",
  },
);

/**
 * The tools, resources and prompts of one server. An agent has one as its `server`; `createMcpHandler` gets one for each
 * request. Throws `ERR_ARGUMENT` or `ERR_OPTIONS` if its name, version or options are invalid.
 *
 * ```ts
 * import { McpServer, createMcpHandler } from "mcp-wicket";
 * import { z } from "zod";
 *
 * export default {
 *   fetch: createMcpHandler(() => {
 *     const server = new McpServer({ name: "adder", version: "1.0.0" });
 *     server.registerTool(
 *       "add",
 *       { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
 *       ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }] }),
 *     );
 *     return server;
 *   }),
 * };
 * ```
 */
export class McpServer extends Messages {
  readonly serverInfo: Implementation;
  readonly options: McpServerOptions;
  /** The hooks around calls, the outermost first. @internal */
  hooks: readonly OnCall[] | undefined;
  /** Everything that is registered, in the order of registration. @internal */
  readonly registry: Registry;
  #lowLevel: LowLevelServer | undefined;

  constructor(serverInfo: Implementation, options: McpServerOptions = {}) {
    if (typeof serverInfo.name !== "string" || typeof serverInfo.version !== "string") {
      throw new WicketError(
        "ERR_ARGUMENT",
        'A server needs a name and a version: new McpServer({ name: "my-server", version: "1.0.0" }).',
      );
    }
    checkOptions(SERVER, options);
    const { pageSize } = options;
    if (pageSize !== undefined && !(Number.isInteger(pageSize) && pageSize > 0)) {
      throw new WicketError("ERR_ARGUMENT", "`pageSize` must be a positive whole number.");
    }
    checkIcons("The server", serverInfo.icons);
    const registry = new Registry();
    super(new Serving(registry, serverInfo));
    this.registry = registry;
    this.serverInfo = serverInfo;
    this.options = options;
    const { onCall } = options;
    if (onCall !== undefined) this.hooks = hooksOf(onCall);
  }

  /** The low-level server of the official SDK: sends requests to the client. */
  get server(): LowLevelServer {
    return (this.#lowLevel ??= new LowLevelServer(this.serving));
  }

  /** True while a request is in progress. There is no other connection: each request is independent. */
  isConnected(): boolean {
    return this.serving.request !== undefined;
  }

  /** For compatibility with the official SDK; there is nothing to close. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The tools by name, in the order of their registration. */
  get tools(): ReadonlyMap<string, RegisteredTool> {
    return this.registry.tools;
  }

  /** Registers a tool. Throws `ERR_DUPLICATE` if the name is taken, and `ERR_SCHEMA` if a schema is invalid. */
  registerTool<Output extends InputSchema | undefined = undefined, Input extends InputSchema | undefined = undefined>(
    name: string,
    config: ToolConfig<Input> & { outputSchema?: Output },
    callback: ToolCallback<Input>,
  ): RegisteredTool {
    return this.#tool(name, config, callback);
  }

  /** @deprecated Use {@link registerTool}. */
  tool(name: string, callback: ToolCallback): RegisteredTool;
  /** @deprecated Use {@link registerTool}. */
  tool(name: string, description: string, callback: ToolCallback): RegisteredTool;
  /** @deprecated Use {@link registerTool}. */
  tool<Input extends Shape>(
    name: string,
    shape: Input | ToolAnnotations,
    callback: ToolCallback<Input>,
  ): RegisteredTool;
  /** @deprecated Use {@link registerTool}. */
  tool<Input extends Shape>(
    name: string,
    description: string,
    shape: Input | ToolAnnotations,
    callback: ToolCallback<Input>,
  ): RegisteredTool;
  /** @deprecated Use {@link registerTool}. */
  tool<Input extends Shape>(
    name: string,
    shape: Input,
    annotations: ToolAnnotations,
    callback: ToolCallback<Input>,
  ): RegisteredTool;
  /** @deprecated Use {@link registerTool}. */
  tool<Input extends Shape>(
    name: string,
    description: string,
    shape: Input,
    annotations: ToolAnnotations,
    callback: ToolCallback<Input>,
  ): RegisteredTool;
  tool(name: string, ...rest: unknown[]): RegisteredTool {
    const callback = rest.pop() as AnyToolCallback;
    const config: ToolConfig = {};
    if (typeof rest[0] === "string") config.description = rest.shift() as string;
    if (rest.length > 0 && isShape(rest[0])) config.inputSchema = rest.shift() as Shape;
    if (rest.length > 0) config.annotations = rest.shift() as ToolAnnotations;
    return this.#tool(name, config, callback);
  }

  /**
   * Registers a resource at a URI, or all resources that a template matches. Throws `ERR_DUPLICATE` if the URI or the
   * template's name is taken.
   */
  registerResource(
    name: string,
    uri: string,
    metadata: ResourceMetadata,
    read: ReadResourceCallback,
  ): RegisteredResource;
  registerResource(
    name: string,
    template: ResourceTemplate,
    metadata: ResourceMetadata,
    read: ReadResourceTemplateCallback,
  ): RegisteredResourceTemplate;
  registerResource(
    name: string,
    where: string | ResourceTemplate,
    metadata: ResourceMetadata,
    read: ReadResourceCallback | ReadResourceTemplateCallback,
  ): RegisteredResource | RegisteredResourceTemplate {
    return this.#resource(name, where, metadata, read);
  }

  /** @deprecated Use {@link registerResource}. */
  resource(name: string, uri: string, read: ReadResourceCallback): RegisteredResource;
  /** @deprecated Use {@link registerResource}. */
  resource(name: string, uri: string, metadata: ResourceMetadata, read: ReadResourceCallback): RegisteredResource;
  /** @deprecated Use {@link registerResource}. */
  resource(name: string, template: ResourceTemplate, read: ReadResourceTemplateCallback): RegisteredResourceTemplate;
  /** @deprecated Use {@link registerResource}. */
  resource(
    name: string,
    template: ResourceTemplate,
    metadata: ResourceMetadata,
    read: ReadResourceTemplateCallback,
  ): RegisteredResourceTemplate;
  resource(
    name: string,
    where: string | ResourceTemplate,
    ...rest: unknown[]
  ): RegisteredResource | RegisteredResourceTemplate {
    const read = rest.pop() as ReadResourceCallback;
    return this.#resource(name, where, rest[0] as ResourceMetadata | undefined, read);
  }

  /** Registers a prompt. Throws `ERR_DUPLICATE` if the name is taken, and `ERR_SCHEMA` if the schema is invalid. */
  registerPrompt<Args extends InputSchema | undefined = undefined>(
    name: string,
    config: PromptConfig<Args>,
    callback: PromptCallback<Args>,
  ): RegisteredPrompt {
    return this.#prompt(name, config, callback);
  }

  /** @deprecated Use {@link registerPrompt}. */
  prompt(name: string, callback: PromptCallback): RegisteredPrompt;
  /** @deprecated Use {@link registerPrompt}. */
  prompt(name: string, description: string, callback: PromptCallback): RegisteredPrompt;
  /** @deprecated Use {@link registerPrompt}. */
  prompt<Args extends Shape>(name: string, shape: Args, callback: PromptCallback<Args>): RegisteredPrompt;
  /** @deprecated Use {@link registerPrompt}. */
  prompt<Args extends Shape>(
    name: string,
    description: string,
    shape: Args,
    callback: PromptCallback<Args>,
  ): RegisteredPrompt;
  prompt(name: string, ...rest: unknown[]): RegisteredPrompt {
    const callback = rest.pop() as AnyPromptCallback;
    const config: PromptConfig = {};
    if (typeof rest[0] === "string") config.description = rest.shift() as string;
    if (rest.length > 0) config.argsSchema = rest.shift() as Shape;
    return this.#prompt(name, config, callback);
  }

  #tool(name: string, config: ToolConfig, callback: AnyToolCallback): RegisteredTool {
    const { registry } = this;
    checkEntry("tool", name, registry.tools.has(name), callback, config.icons);
    checkOptions(ANNOUNCED.tool, config);
    checkSchema("inputSchema", "tool", name, config.inputSchema);
    checkSchema("outputSchema", "tool", name, config.outputSchema);
    const tool = new Tool(registry, name, config, callback);
    registry.tools.set(name, tool);
    registry.changed("tools");
    return tool;
  }

  #resource(
    name: string,
    where: string | ResourceTemplate,
    metadata: ResourceMetadata | undefined,
    read: ReadResourceCallback | ReadResourceTemplateCallback,
  ): RegisteredResource | RegisteredResourceTemplate {
    checkOptions(ANNOUNCED.resource, metadata);
    const { registry } = this;
    const entry = where instanceof ResourceTemplate ? this.#template(name, where, metadata, read) : undefined;
    if (entry) return entry;
    if (typeof where !== "string" || !URL.canParse(where)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `The resource "${name}" must have an absolute URI or a ResourceTemplate of "mcp-wicket".`,
      );
    }
    checkEntry("resource", name, false, read, metadata?.icons);
    checkUnicode("resource", where);
    if (registry.resources.has(where)) {
      throw new WicketError("ERR_DUPLICATE", `The resource "${where}" is already registered.`);
    }
    const resource = new StaticResource(registry, name, where, metadata, read as ReadResourceCallback);
    registry.resources.set(where, resource);
    registry.changed("resources");
    return resource;
  }

  #template(
    name: string,
    template: ResourceTemplate,
    metadata: ResourceMetadata | undefined,
    read: ReadResourceCallback | ReadResourceTemplateCallback,
  ): RegisteredResourceTemplate {
    const { registry } = this;
    checkEntry("resource template", name, registry.templates.has(name), read, metadata?.icons);
    const callback = read as ReadResourceTemplateCallback;
    const registered = new ResourceTemplateEntry(registry, name, template, metadata, callback);
    registry.templates.set(name, registered);
    registry.changed("resources");
    return registered;
  }

  #prompt(name: string, config: PromptConfig, callback: AnyPromptCallback): RegisteredPrompt {
    const { registry } = this;
    checkEntry("prompt", name, registry.prompts.has(name), callback, config.icons);
    checkOptions(ANNOUNCED.prompt, config);
    checkSchema("argsSchema", "prompt", name, config.argsSchema);
    if (config.argsSchema) checkArguments(this.serverInfo.name, name, config.argsSchema);
    const prompt = new Prompt(registry, name, config, callback);
    registry.prompts.set(name, prompt);
    registry.changed("prompts");
    return prompt;
  }
}

function hooksOf(onCall: unknown): readonly OnCall[] | undefined {
  const hooks: unknown[] = Array.isArray(onCall) ? onCall : [onCall];
  if (!hooks.every((hook) => typeof hook === "function")) {
    throw new WicketError(
      "ERR_ARGUMENT",
      "`onCall` must be a function, or a list of functions: (call, next) => next().",
    );
  }
  return hooks.length > 0 ? (hooks as OnCall[]) : undefined;
}

/** A name with a lone surrogate could not be sent in any message. */
function checkUnicode(what: string, name: string): void {
  if (!/\p{Surrogate}/u.test(name)) return;
  throw new WicketError("ERR_ARGUMENT", `The ${what} ${JSON.stringify(name)} has a lone surrogate in its name.`);
}

function checkEntry(what: string, name: unknown, isTaken: boolean, handler: unknown, icons: Icon[] | undefined): void {
  if (typeof name !== "string" || !name) throw new WicketError("ERR_ARGUMENT", `A ${what} needs a name.`);
  checkUnicode(what, name);
  if (isTaken) throw new WicketError("ERR_DUPLICATE", `The ${what} "${name}" is already registered.`);
  if (typeof handler !== "function") throw new WicketError("ERR_ARGUMENT", `The ${what} "${name}" needs a handler.`);
  checkIcons(`The ${what} "${name}"`, icons);
}

/** Icons are fetched by whoever shows them: only https and data URLs are allowed (2025-11-25 basic/index §Icons). */
function checkIcons(whose: string, icons: Icon[] | undefined): void {
  for (const icon of icons ?? []) {
    const { src } = icon as { src?: unknown };
    if (typeof src !== "string" || !/^(?:https:\/\/|data:)/i.test(src)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `${whose} has an icon whose \`src\` is neither an https URL nor a data URL.`,
      );
    }
  }
}

function checkSchema(member: string, what: string, name: string, schema: unknown): void {
  if (schema === undefined || isSchema(schema)) return;
  const looksLikeJsonSchema =
    typeof schema === "object" && schema !== null && ("type" in schema || "$schema" in schema);
  throw new WicketError(
    "ERR_SCHEMA",
    looksLikeJsonSchema
      ? `${member} of the ${what} "${name}" is JSON Schema. Wrap it in fromJsonSchema(…) from "mcp-wicket/json-schema".`
      : `${member} of the ${what} "${name}" is neither a schema nor an object of schemas.`,
  );
}

/**
 * What a server offers. The registration API is the official TypeScript SDK's, so that a server moves over by its import
 * lines. Registering stores references and does nothing else: servers are made anew for each request.
 */
import { WicketError } from "../errors.js";
import { checkOptions, namesOf, oneOf, openNamesOf } from "../options.js";
import type { ToolContext } from "./context.js";
import { LowLevelServer } from "./low-level.js";
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
  TemplateOfResources,
  Tool,
  type ToolAnnouncement,
} from "./registered.js";
import { checkArguments } from "./prompt-arguments.js";
import type { OnCall } from "./on-call.js";
import { ResourceTemplate } from "./resource-template.js";
import { type ArgumentsOf, type InputSchema, type Shape, isSchema, isShape } from "./schema.js";
import { Serving } from "./serving.js";
import type {
  CallToolResult,
  GetPromptResult,
  Icon,
  Implementation,
  LoggingLevel,
  ServerCapabilities,
  ToolAnnotations,
} from "./types.js";

export interface McpServerOptions {
  /** How to use the server, for the model. */
  instructions?: string;
  /** What the server can do beside what is registered. */
  capabilities?: ServerCapabilities;
  /** How many items a page of a list holds; by default a list has one page. */
  pageSize?: number;
  /**
   * `"verbatim"` shows the message of every error that a handler throws to the client, as the official SDK does. By
   * default it stays in the log, and the client gets an id: messages of errors tell of files, hosts and secrets.
   */
  errors?: "verbatim" | undefined;
  /** Runs around each call of a tool, prompt or resource, or several, the first outermost: for logs, metrics, limits. */
  onCall?: OnCall | readonly OnCall[] | undefined;
  /** Of the official SDK, and always so here: a client is asked only for what it can do. */
  enforceStrictCapabilities?: boolean | undefined;
  /** Of the official SDK; without effect here. */
  debouncedNotificationMethods?: string[] | undefined;
  /** Of the official SDK, for answers of clients; here the Rust half checks them. */
  jsonSchemaValidator?: unknown;
}

/** How a tool is announced, with the types of its arguments. */
export interface ToolConfig<Input extends InputSchema | undefined = InputSchema | undefined> extends ToolAnnouncement {
  inputSchema?: Input;
}

/** How a prompt is announced, with the types of its arguments. */
export interface PromptConfig<
  Args extends InputSchema | undefined = InputSchema | undefined,
> extends PromptAnnouncement {
  argsSchema?: Args;
}

/** A tool's handler: with its arguments if it has an input schema, and the call's context. */
export type ToolCallback<Input extends InputSchema | undefined = undefined> = Input extends InputSchema
  ? (args: ArgumentsOf<Input>, context: ToolContext) => Awaitable<CallToolResult>
  : (context: ToolContext) => Awaitable<CallToolResult>;

/** A prompt's handler: with its arguments if it has a schema of them, and the request's context. */
export type PromptCallback<Args extends InputSchema | undefined = undefined> = Args extends InputSchema
  ? (args: ArgumentsOf<Args>, context: ToolContext) => Awaitable<GetPromptResult>
  : (context: ToolContext) => Awaitable<GetPromptResult>;

/** Who hears of a change: the clients of the same caller, unless it is everybody. */
export interface Audience {
  everybody?: boolean;
}

/** A log message in the official SDK's form. */
export interface LoggingMessage {
  level: LoggingLevel;
  /** Any JSON. */
  data: unknown;
  logger?: string;
}

const TASKS = "Tasks are not supported: a tool answers, and may take its time.";

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
    maxToolInputElements: "A body may have 4 MiB; say more in the schemas of your tools.",
  },
);

const AUDIENCE = namesOf<Audience>("The audience of a change", { everybody: true });

/** The registry of one server. */
export class McpServer {
  readonly serverInfo: Implementation;
  readonly options: McpServerOptions;
  /** What runs around calls, the outermost first. */
  hooks: readonly OnCall[] | undefined;
  /** Whose call is being served. */
  readonly serving = new Serving();
  /** What is registered, in the order of registration. */
  readonly registry = new Registry();
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
      throw new WicketError("ERR_ARGUMENT", "`pageSize` must be a whole number above zero.");
    }
    checkIcons("The server", serverInfo.icons);
    this.serverInfo = serverInfo;
    this.options = options;
    const { onCall } = options;
    if (onCall !== undefined) this.hooks = hooksOf(onCall);
  }

  /** What the official SDK has here: asking the client. */
  get server(): LowLevelServer {
    return (this.#lowLevel ??= new LowLevelServer(this));
  }

  /** True while a request is being served. There is no connection otherwise: each request is one of its own. */
  isConnected(): boolean {
    return this.serving.world !== undefined;
  }

  /** Of the official SDK; there is nothing to close. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The tools by name, in the order of their registration. */
  get tools(): ReadonlyMap<string, RegisteredTool> {
    return this.registry.tools;
  }

  /**
   * Sends a log message to the client whose call is being served, if it wants messages of this level. A handler has
   * `context.log` for the same.
   */
  async sendLoggingMessage({ level, data, logger }: LoggingMessage, _sessionId?: string): Promise<void> {
    await this.serving.context?.log(level, data, logger);
  }

  /** Tells clients that the list of tools has changed: those of the same caller, or `{ everybody: true }`. */
  sendToolListChanged(to: Audience = {}): Promise<void> {
    return this.#changed({ what: "tools" }, to);
  }

  /** The same of the list of prompts. */
  sendPromptListChanged(to: Audience = {}): Promise<void> {
    return this.#changed({ what: "prompts" }, to);
  }

  /** The same of the lists of resources and of templates. */
  sendResourceListChanged(to: Audience = {}): Promise<void> {
    return this.#changed({ what: "resources" }, to);
  }

  /** Tells clients that follow it that a resource has changed. */
  sendResourceUpdated({ uri }: { uri: string }, to: Audience = {}): Promise<void> {
    return this.#changed({ uri }, to);
  }

  async #changed(what: { what: string } | { uri: string }, to: Audience): Promise<void> {
    checkOptions(AUDIENCE, to);
    const { everybody = false } = to;
    await this.serving.world?.changed(what, everybody);
  }

  /** Registers a tool. Throws `ERR_DUPLICATE` if the name is taken, `ERR_SCHEMA` if a schema is none. */
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

  /** Registers a prompt. Throws `ERR_DUPLICATE` if the name is taken, `ERR_SCHEMA` if the schema is none. */
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
        `The resource "${name}" needs an absolute URI or a ResourceTemplate of "mcp-wicket".`,
      );
    }
    checkEntry("resource", name, false, read, metadata?.icons);
    checkUnicode("resource", where);
    if (registry.resources.has(where)) {
      throw new WicketError("ERR_DUPLICATE", `The resource "${where}" is registered already.`);
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
    const registered = new TemplateOfResources(registry, name, template, metadata, callback);
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
    throw new WicketError("ERR_ARGUMENT", "`onCall` is a function, or a list of functions: (call, next) => next().");
  }
  return hooks.length > 0 ? (hooks as OnCall[]) : undefined;
}

/** Nobody could call what has half a surrogate pair in its name: no message carries it. */
function checkUnicode(what: string, name: string): void {
  if (!/\p{Surrogate}/u.test(name)) return;
  throw new WicketError("ERR_ARGUMENT", `The ${what} ${JSON.stringify(name)} has half a surrogate pair in its name.`);
}

function checkEntry(what: string, name: unknown, isTaken: boolean, handler: unknown, icons: Icon[] | undefined): void {
  if (typeof name !== "string" || !name) throw new WicketError("ERR_ARGUMENT", `A ${what} needs a name.`);
  checkUnicode(what, name);
  if (isTaken) throw new WicketError("ERR_DUPLICATE", `The ${what} "${name}" is registered already.`);
  if (typeof handler !== "function") throw new WicketError("ERR_ARGUMENT", `The ${what} "${name}" needs a handler.`);
  checkIcons(`The ${what} "${name}"`, icons);
}

/** Icons are fetched by whoever shows them: only https and data URLs (2025-11-25 basic/index §Icons). */
function checkIcons(whose: string, icons: Icon[] | undefined): void {
  for (const icon of icons ?? []) {
    const { src } = icon as { src?: unknown };
    if (typeof src !== "string" || !/^(?:https:\/\/|data:)/i.test(src)) {
      throw new WicketError("ERR_ARGUMENT", `${whose} has an icon whose \`src\` is neither an https nor a data URL.`);
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
      ? `${member} of the ${what} "${name}" is JSON Schema. Wrap it: fromJsonSchema(…) of "mcp-wicket/json-schema".`
      : `${member} of the ${what} "${name}" is neither a schema nor an object of schemas.`,
  );
}

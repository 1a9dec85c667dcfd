/**
 * What a server offers. The registration API is the official TypeScript SDK's, so that a server moves over by its import
 * lines. Registering stores references and does nothing else: servers are made anew for each request.
 */
import { WicketError } from "../errors.js";
import type { ToolContext } from "./context.js";
import { type ArgumentsOf, type InputSchema, type Shape, isShape, isStandardSchema } from "./schema.js";
import type { Scoped } from "./scopes.js";
import type { CallToolResult, Icon, Implementation, LoggingLevel, ToolAnnotations } from "./types.js";
import type { ServerWorld } from "./world.js";

export interface McpServerOptions {
  /** How to use the server, for the model. */
  instructions?: string;
}

/** How a tool is announced. */
export interface ToolConfig<Input extends InputSchema | undefined = InputSchema | undefined> extends Scoped {
  title?: string;
  description?: string;
  inputSchema?: Input;
  annotations?: ToolAnnotations;
  icons?: Icon[];
  _meta?: Record<string, unknown>;
}

type Awaitable<T> = T | Promise<T>;

/** A tool's handler: with its arguments if it has an input schema, and the call's context. */
export type ToolCallback<Input extends InputSchema | undefined = undefined> = Input extends InputSchema
  ? (args: ArgumentsOf<Input>, context: ToolContext) => Awaitable<CallToolResult>
  : (context: ToolContext) => Awaitable<CallToolResult>;

/** A handler of which only its caller knows what it takes. */
export type AnyToolCallback = (first: never, second: ToolContext) => Awaitable<CallToolResult>;

/** A registered tool, for switching it off and on and changing it. */
export interface RegisteredTool {
  readonly name: string;
  config: ToolConfig;
  callback: AnyToolCallback;
  enabled: boolean;
  enable(): void;
  disable(): void;
  remove(): void;
}

class Tool implements RegisteredTool {
  readonly name: string;
  config: ToolConfig;
  callback: AnyToolCallback;
  enabled = true;
  readonly #tools: Map<string, RegisteredTool>;

  constructor(name: string, config: ToolConfig, callback: AnyToolCallback, tools: Map<string, RegisteredTool>) {
    this.name = name;
    this.config = config;
    this.callback = callback;
    this.#tools = tools;
  }

  enable(): void {
    this.enabled = true;
  }

  disable(): void {
    this.enabled = false;
  }

  remove(): void {
    // Another may have the name by now.
    if (this.#tools.get(this.name) === this) this.#tools.delete(this.name);
  }
}

/** A log message in the official SDK's form. */
export interface LoggingMessage {
  level: LoggingLevel;
  /** Any JSON. */
  data: unknown;
  logger?: string;
}

/** The registry of one server. */
export class McpServer {
  readonly serverInfo: Implementation;
  readonly options: McpServerOptions;
  /** The request that the server answers at the moment. */
  world: ServerWorld | undefined;
  readonly #tools = new Map<string, RegisteredTool>();

  constructor(serverInfo: Implementation, options: McpServerOptions = {}) {
    if (typeof serverInfo.name !== "string" || typeof serverInfo.version !== "string") {
      throw new WicketError(
        "ERR_ARGUMENT",
        'A server needs a name and a version: new McpServer({ name: "my-server", version: "1.0.0" }).',
      );
    }
    this.serverInfo = serverInfo;
    this.options = options;
  }

  /** The tools by name, in the order of their registration. */
  get tools(): ReadonlyMap<string, RegisteredTool> {
    return this.#tools;
  }

  /**
   * Sends a log message to the client whose call is being served, if it wants messages of this level. A handler has
   * `context.log` for the same.
   */
  async sendLoggingMessage({ level, data, logger }: LoggingMessage): Promise<void> {
    await this.world?.log({ level, data: data ?? null, logger });
  }

  /** Registers a tool. Throws `ERR_DUPLICATE` if the name is taken, `ERR_SCHEMA` if `inputSchema` is no schema. */
  registerTool<Input extends InputSchema | undefined = undefined>(
    name: string,
    config: ToolConfig<Input>,
    callback: ToolCallback<Input>,
  ): RegisteredTool {
    return this.#register(name, config, callback);
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
    return this.#register(name, config, callback);
  }

  #register(name: string, config: ToolConfig, callback: AnyToolCallback): RegisteredTool {
    if (typeof name !== "string" || !name) throw new WicketError("ERR_ARGUMENT", "A tool needs a name.");
    if (this.#tools.has(name)) throw new WicketError("ERR_DUPLICATE", `The tool "${name}" is registered already.`);
    if (typeof callback !== "function") throw new WicketError("ERR_ARGUMENT", `The tool "${name}" needs a handler.`);
    const schema = config.inputSchema;
    if (schema !== undefined && !isStandardSchema(schema) && !isShape(schema)) {
      throw new WicketError(
        "ERR_SCHEMA",
        `inputSchema of the tool "${name}" is neither a schema nor an object of schemas.`,
      );
    }
    const tool = new Tool(name, config, callback, this.#tools);
    this.#tools.set(name, tool);
    return tool;
  }
}

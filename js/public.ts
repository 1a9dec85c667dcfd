/** The names that every entry point has: servers, agents, endpoints. Which wasm module they run on is the entry's. */
export { McpAgent, type ServeOptions } from "./agent/agent.js";
export type { AgentHandler } from "./agent/serve.js";
export type { EndpointOptions, FetchHandler } from "./endpoint.js";
export { ToolError, WicketError, type WicketErrorCode } from "./errors.js";
export {
  type CreateMcpHandlerOptions,
  type FactoryContext,
  type McpServerFactory,
  createMcpHandler,
} from "./handler.js";
export type { Caller } from "./guard.js";
export { WicketObject } from "./objects/wicket-object.js";
export { type StartPageOptions, startPage } from "./pages/start.js";
export type { Notification, ToolContext } from "./server/context.js";
export {
  type LoggingMessage,
  McpServer,
  type McpServerOptions,
  type RegisteredTool,
  type ToolCallback,
  type ToolConfig,
} from "./server/mcp-server.js";
export type { ArgumentsOf, InputSchema, Shape, StandardSchema } from "./server/schema.js";
export type * from "./server/types.js";

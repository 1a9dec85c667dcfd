/** The names that every entry point has: servers, agents, endpoints. Which wasm module they run on is the entry's. */
export { McpAgent, type ServeOptions } from "./agent/agent.js";
export type { AgentHandler } from "./agent/serve.js";
export { WorkerTransport, getMcpAuthContext } from "./agent/incumbent.js";
export type { CORSOptions } from "./moved.js";
export type { AppFetch, EndpointOptions, FetchHandler } from "./endpoint.js";
export type { RequestContext } from "./runtime.js";
export {
  ErrorCode,
  ProtocolError,
  ProtocolError as McpError,
  ResourceNotFoundError,
  ToolError,
  type UrlElicitation,
  UrlElicitationRequiredError,
  WicketError,
  type WicketErrorCode,
} from "./errors.js";
export {
  type CreateMcpHandlerOptions,
  type FactoryContext,
  type McpServerFactory,
  createMcpHandler,
} from "./handler.js";
export type { Caller } from "./guard.js";
export { WicketObject } from "./objects/wicket-object.js";
export { type StartPageOptions, startPage } from "./pages/start.js";
export { type Call, type CallResult, type OnCall, traced } from "./server/on-call.js";
export type {
  AuthInfo,
  Notification,
  RequestHandlerExtra,
  ServerNotification,
  ServerRequest,
  ToolContext,
} from "./server/context.js";
export { type CompleteCallback, completable } from "./server/completable.js";
export {
  type Audience,
  type LoggingMessage,
  McpServer,
  type McpServerOptions,
  type McpServerOptions as ServerOptions,
  type PromptCallback,
  type PromptConfig,
  type ToolCallback,
  type ToolConfig,
} from "./server/mcp-server.js";
export type {
  ReadResourceCallback,
  ReadResourceTemplateCallback,
  RegisteredPrompt,
  RegisteredResource,
  RegisteredResourceTemplate,
  RegisteredTool,
  ResourceMetadata,
} from "./server/registered.js";
export {
  CreateMessageResultSchema,
  ElicitResultSchema,
  EmptyResultSchema,
  ListRootsResultSchema,
  type ResultSchema,
} from "./server/result-schemas.js";
export {
  type CompleteResourceTemplateCallback,
  type ListResourcesCallback,
  ResourceTemplate,
  UriTemplate,
} from "./server/resource-template.js";
export type { ArgumentsOf, InputSchema, Shape, StandardSchema } from "./server/schema.js";
export type * from "./server/types.js";

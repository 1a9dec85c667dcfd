/**
 * The exports of every entry point: servers, agents, endpoints. The entry point decides on which wasm module they run.
 */
export { McpAgent } from "../mcp/agent/agent.js";
export type { AgentHandler, ServeOptions } from "../mcp/agent/serve.js";
export { WorkerTransport, getMcpAuthContext } from "../mcp/agent/compatibility.js";
export type { CORSOptions } from "../mcp/compatibility.js";
export type { EndpointOptions } from "../mcp/endpoint.js";
export type { AppFetch, FetchHandler, RequestContext } from "../common/runtime.js";
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
} from "../common/errors.js";
export {
  type CreateMcpHandlerOptions,
  type FactoryContext,
  type McpServerFactory,
  createMcpHandler,
} from "../mcp/handler.js";
export type { Caller } from "../auth/guard.js";
export { WicketObject } from "../objects/wicket-object.js";
export { type StartPageOptions, startPage } from "../pages/start.js";
export { type Call, type CallResult, type OnCall, traced } from "../mcp/server/on-call.js";
export type {
  AuthInfo,
  Notification,
  RequestHandlerExtra,
  ServerNotification,
  ServerRequest,
  ToolContext,
} from "../mcp/server/context.js";
export { type CompleteCallback, completable } from "../mcp/server/completable.js";
export {
  McpServer,
  type McpServerOptions,
  type McpServerOptions as ServerOptions,
  type PromptCallback,
  type PromptConfig,
  type ToolCallback,
  type ToolConfig,
} from "../mcp/server/mcp-server.js";
export type { Audience, LoggingMessage } from "../mcp/server/low-level.js";
export type {
  ReadResourceCallback,
  ReadResourceTemplateCallback,
  RegisteredPrompt,
  RegisteredResource,
  RegisteredResourceTemplate,
  RegisteredTool,
  ResourceMetadata,
} from "../mcp/server/registered.js";
export {
  CreateMessageResultSchema,
  ElicitResultSchema,
  EmptyResultSchema,
  ListRootsResultSchema,
  type ResultSchema,
} from "../mcp/server/result-schemas.js";
export {
  type CompleteResourceTemplateCallback,
  type ListResourcesCallback,
  ResourceTemplate,
  UriTemplate,
} from "../mcp/server/resource-template.js";
export type { ArgumentsOf, InputSchema, Shape, StandardSchema } from "../mcp/server/schema/standard.js";
export type * from "../mcp/server/types.js";

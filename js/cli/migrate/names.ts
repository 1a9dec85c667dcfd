/** What the names of `agents`, `@modelcontextprotocol/sdk` and `@cloudflare/workers-oauth-provider` are called here. */

/** The exports of this package that those packages have under the same name, by the smallest entry point that has them. */
export const EXPORTS: Readonly<Record<Entry, readonly string[]>> = {
  "mcp-wicket": [
    "McpAgent",
    "McpServer",
    "ResourceTemplate",
    "UriTemplate",
    "completable",
    "createMcpHandler",
    "AudioContent",
    "AuthInfo",
    "BlobResourceContents",
    "CallToolResult",
    "ClientCapabilities",
    "CompleteResourceTemplateCallback",
    "ContentBlock",
    "CreateMessageResult",
    "CreateMessageResultSchema",
    "ElicitResult",
    "ElicitResultSchema",
    "EmbeddedResource",
    "EmptyResultSchema",
    "ErrorCode",
    "GetPromptResult",
    "Icon",
    "ImageContent",
    "Implementation",
    "ListResourcesCallback",
    "ListResourcesResult",
    "ListRootsResultSchema",
    "LoggingLevel",
    "McpError",
    "PrimitiveSchemaDefinition",
    "Prompt",
    "PromptArgument",
    "PromptCallback",
    "PromptMessage",
    "ReadResourceCallback",
    "ReadResourceResult",
    "ReadResourceTemplateCallback",
    "RegisteredPrompt",
    "RegisteredResource",
    "RegisteredResourceTemplate",
    "RegisteredTool",
    "RequestHandlerExtra",
    "Resource",
    "ResourceContents",
    "ResourceLink",
    "ResourceMetadata",
    "Role",
    "Root",
    "SamplingMessage",
    "ServerCapabilities",
    "ServerNotification",
    "ServerOptions",
    "ServerRequest",
    "TextContent",
    "TextResourceContents",
    "Tool",
    "ToolAnnotations",
    "ToolCallback",
    "UrlElicitationRequiredError",
  ],
  "mcp-wicket/jwt": ["JWTVerifier"],
  "mcp-wicket/oauth": [
    "AuthRequest",
    "AzureADHandler",
    "ClientInfo",
    "CompleteAuthorizationOptions",
    "GenericOAuthHandler",
    "GitHubHandler",
    "GoogleHandler",
    "GrantSummary",
    "ListOptions",
    "ListResult",
    "OAuthHelpers",
    "OAuthProvider",
    "OAuthProviderOptions",
    "default",
  ],
};

export type Entry = "mcp-wicket" | "mcp-wicket/jwt" | "mcp-wicket/oauth";

/** The modules that this package replaces. */
export const REPLACED =
  /^(?:agents(?:\/mcp(?:\/.*)?)?|@modelcontextprotocol\/(?:server|sdk\/(?:server\/.*|types(?:\.js)?|shared\/.*))|@cloudflare\/workers-oauth-provider)$/;

/** The packages that they are in. */
export const PACKAGES = [
  "agents",
  "@cloudflare/workers-oauth-provider",
  "@modelcontextprotocol/sdk",
  "@modelcontextprotocol/server",
] as const;

/** Options of `OAuthProvider` that have another name here, with the same meaning. */
export const RENAMED_OPTIONS: Readonly<Record<string, string>> = {
  accessTokenTTL: "accessTokenTtl",
  refreshTokenIdleTTL: "refreshTokenTtl",
  scopesSupported: "scopes",
  clientIdMetadataDocumentEnabled: "allowClientIdMetadataDocuments",
};

/** Options of `OAuthProvider` that say what is always so here: they are removed. */
export const NEEDLESS_OPTIONS = ["clientRegistrationTTL", "cookiePrefix"] as const;

/** Options of which only one value is supported. */
export const FIXED_OPTIONS: Readonly<Record<string, { value: "true" | "false"; why: string }>> = {
  allowImplicitFlow: { value: "false", why: "OAuth 2.1 has no implicit grant: clients use the authorization code." },
  allowPlainPKCE: { value: "false", why: "OAuth 2.1 has no plain code challenge: clients use S256." },
  allowTokenExchangeGrant: { value: "false", why: "Token exchange is not supported." },
  allowPrivateUseRedirectUris: { value: "true", why: "Private-use schemes are always allowed." },
};

/** Options of `createMcpHandler` that are removed, because there is no transport to configure. */
export const TRANSPORT_OPTIONS = [
  "transport",
  "sessionIdGenerator",
  "onsessioninitialized",
  "onsessionclosed",
  "storage",
  "eventStore",
  "enableJsonResponse",
  "enableDnsRebindingProtection",
  "stateless",
] as const;

/** Options of `createMcpHandler` that have another name here. */
export const RENAMED_HANDLER_OPTIONS: Readonly<Record<string, string>> = { allowedHostnames: "allowedHosts" };

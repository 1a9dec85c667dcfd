/** The protocol's vocabulary as tools use it (MCP 2026-07-28 schema; older revisions are subsets). */

/** The identity of a server or client. */
export interface Implementation {
  name: string;
  version: string;
  title?: string;
  description?: string;
  websiteUrl?: string;
  icons?: Icon[];
}

export interface Icon {
  src: string;
  mimeType?: string;
  sizes?: string[];
  theme?: "light" | "dark";
}

export interface Annotations {
  audience?: ("user" | "assistant")[];
  priority?: number;
  lastModified?: string;
}

/** A tool as clients see it in a list. */
export interface Tool {
  name: string;
  title?: string;
  description?: string;
  inputSchema: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  annotations?: ToolAnnotations;
  icons?: Icon[];
  _meta?: Record<string, unknown>;
}

/** A prompt as clients see it in a list. */
export interface Prompt {
  name: string;
  title?: string;
  description?: string;
  arguments?: PromptArgument[];
}

/** Hints about a tool; a client must not rely on them unless it trusts the server. */
export interface ToolAnnotations {
  title?: string;
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}

interface Block {
  annotations?: Annotations;
  _meta?: Record<string, unknown>;
}

export interface TextContent extends Block {
  type: "text";
  text: string;
}

export interface ImageContent extends Block {
  type: "image";
  /** base64 */
  data: string;
  mimeType: string;
}

export interface AudioContent extends Block {
  type: "audio";
  /** base64 */
  data: string;
  mimeType: string;
}

export interface ResourceLink extends Block {
  type: "resource_link";
  uri: string;
  name: string;
  title?: string;
  description?: string;
  mimeType?: string;
  size?: number;
  icons?: Icon[];
}

export interface EmbeddedResource extends Block {
  type: "resource";
  resource: { uri: string; mimeType?: string; _meta?: Record<string, unknown> } & ({ text: string } | { blob: string });
}

export type ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource;

/** The result of a tool. */
export interface CallToolResult {
  content?: ContentBlock[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta?: Record<string, unknown>;
}

/** Severities of log messages (RFC 5424 §6.2.1), the least severe first. */
export type LoggingLevel = "debug" | "info" | "notice" | "warning" | "error" | "critical" | "alert" | "emergency";

/** @see ContentBlock */
export type ResourceContents = EmbeddedResource["resource"];
export type TextResourceContents = Extract<ResourceContents, { text: string }>;
export type BlobResourceContents = Extract<ResourceContents, { blob: string }>;

/** A resource, as listed. */
export interface Resource extends Block {
  uri: string;
  name: string;
  title?: string;
  description?: string;
  mimeType?: string;
  /** bytes */
  size?: number;
  icons?: Icon[];
}

/** The result of a resource's handler. */
export interface ReadResourceResult extends CacheHint {
  contents: ResourceContents[];
  _meta?: Record<string, unknown>;
}

/** How long and for whom a client may cache a result (2026-07-28 utilities/caching). */
export interface CacheHint {
  /** milliseconds; 0 by default */
  ttlMs?: number;
  /** `private` by default: only for this caller. */
  cacheScope?: "public" | "private";
}

export interface ListResourcesResult {
  resources: Resource[];
  _meta?: Record<string, unknown>;
}

/** An argument of a prompt, as listed. */
export interface PromptArgument {
  name: string;
  title?: string;
  description?: string;
  required?: boolean;
}

export type Role = "user" | "assistant";

export interface PromptMessage {
  role: Role;
  content: ContentBlock;
}

/** The result of a prompt's handler. */
export interface GetPromptResult {
  description?: string;
  messages: PromptMessage[];
  _meta?: Record<string, unknown>;
}

/** The variables of a resource template, as in the URI (percent-encoded). */
export type Variables = Record<string, string | string[]>;

/** The capabilities of a server; those of registered features are declared automatically. */
export interface ServerCapabilities {
  tools?: { listChanged?: boolean };
  resources?: { listChanged?: boolean; subscribe?: boolean };
  prompts?: { listChanged?: boolean };
  completions?: object;
  logging?: object;
  experimental?: Record<string, object>;
  extensions?: Record<string, object>;
}

/** A field of a form: a JSON Schema of a string, a number, a boolean or an enum (client/elicitation). */
export type FormField = { type: "string" | "number" | "integer" | "boolean" | "array" } & Record<string, unknown>;

/** Parameters of an elicitation: a form, or a page to open. */
export type ElicitParams =
  | {
      mode?: "form";
      message: string;
      requestedSchema: { type: "object"; properties: Record<string, FormField>; required?: string[] };
    }
  | {
      mode: "url";
      message: string;
      /** https; must not identify the person or sign them in. */
      url: string;
      /** The ID of the elicitation, for revisions before 2026-07-28. */
      elicitationId?: string;
    };

/** The person's answer: `content` has the fields of an accepted form. */
export interface ElicitResult {
  action: "accept" | "decline" | "cancel";
  content?: Record<string, string | number | boolean | string[]>;
}

export interface SamplingMessage {
  role: "user" | "assistant";
  content: ContentBlock | ContentBlock[];
}

/** Parameters of a sampling request (client/sampling). */
export interface SampleParams extends Record<string, unknown> {
  messages: SamplingMessage[];
  maxTokens: number;
  systemPrompt?: string;
  temperature?: number;
}

/** The answer of a language model that was given tools: may have several content blocks. */
export interface SampleResultWithTools extends SamplingMessage {
  model: string;
  stopReason?: string;
}

/** The answer of a language model. */
export interface SampleResult extends SampleResultWithTools {
  content: ContentBlock;
}

/** Asks a language model. */
export interface Sample {
  (params: SampleParams & { tools?: undefined; toolChoice?: undefined }, options?: AskOptions): Promise<SampleResult>;
  (params: SampleParams, options?: AskOptions): Promise<SampleResultWithTools>;
}

/** Options of a request to the client. */
export interface AskOptions {
  /**
   * The name of the request within this call, for 2026-07-28. By default its kind and position: not needed in a handler that
   * sends its requests in the same order in each run.
   */
  key?: string | undefined;
  /** How long the handler waits on older revisions, in milliseconds. Default 5 minutes. */
  timeout?: number | undefined;
  /** The same, for compatibility with the official SDK: the shorter one applies. */
  maxTotalTimeout?: number | undefined;
  /** Cancels the request: it rejects with the signal's reason, and the client is notified if it was sent. */
  signal?: AbortSignal | undefined;
}

/** The official SDK's names of the same. */
export type CreateMessageResult = SampleResult;
export type PrimitiveSchemaDefinition = FormField;

/** A folder that the client works in. */
export interface Root {
  uri: string;
  name?: string;
}

/** The capabilities of a client. */
export interface ClientCapabilities {
  elicitation?: { form?: object; url?: object };
  sampling?: { tools?: object };
  roots?: object;
}

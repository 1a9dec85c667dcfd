/**
 * What has been registered, and the handles that switch it off and on, change it and take it out. Maps hold it, so that no
 * name means more than another.
 */
import { WicketError } from "../errors.js";
import { type Known, checkOptions, namesOf, oneOf, openNamesOf } from "../options.js";
import type { ToolContext } from "./context.js";
import type { ResourceTemplate } from "./resource-template.js";
import type { InputSchema } from "./schema.js";
import type { Scoped } from "./scopes.js";
import type {
  CacheHint,
  CallToolResult,
  GetPromptResult,
  Icon,
  ReadResourceResult,
  Resource,
  ToolAnnotations,
  Variables,
} from "./types.js";

export type Awaitable<T> = T | Promise<T>;

/** A handler of which only its caller knows what it takes. */
export type AnyToolCallback = (first: never, second: ToolContext) => Awaitable<CallToolResult>;
export type AnyPromptCallback = (first: never, second: ToolContext) => Awaitable<GetPromptResult>;
/** Reads the resource at a URI. */
export type ReadResourceCallback = (uri: URL, context: ToolContext) => Awaitable<ReadResourceResult>;
/** Reads the resource at a URI that a template matches. */
export type ReadResourceTemplateCallback = (
  uri: URL,
  variables: Variables,
  context: ToolContext,
) => Awaitable<ReadResourceResult>;

/** How a tool is announced. */
export interface ToolAnnouncement extends Scoped {
  title?: string | undefined;
  description?: string | undefined;
  inputSchema?: InputSchema | undefined;
  outputSchema?: InputSchema | undefined;
  annotations?: ToolAnnotations | undefined;
  icons?: Icon[] | undefined;
  _meta?: Record<string, unknown> | undefined;
}

/** How a resource is announced, and how long clients may keep what they read of it. */
export interface ResourceMetadata extends Omit<Resource, "uri" | "name">, Scoped {
  cacheHint?: CacheHint;
}

/** How a prompt is announced. */
export interface PromptAnnouncement extends Scoped {
  title?: string | undefined;
  description?: string | undefined;
  argsSchema?: InputSchema | undefined;
  icons?: Icon[] | undefined;
  _meta?: Record<string, unknown> | undefined;
}

/** Scopes under names that something else has here. */
const SCOPES = { scope: "Use `scopes`, a list.", requiredScopes: "Use `scopes`." };

const TOOL_NAMES = {
  title: true,
  description: true,
  outputSchema: true,
  annotations: openNamesOf<ToolAnnotations>("annotations", {
    title: true,
    readOnlyHint: true,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  }),
  icons: true,
  _meta: true,
  scopes: true,
} satisfies Record<keyof Omit<ToolAnnouncement, "inputSchema">, Known>;

const PROMPT_NAMES = {
  title: true,
  description: true,
  argsSchema: true,
  icons: true,
  _meta: true,
  scopes: true,
} satisfies Record<keyof PromptAnnouncement, Known>;

/** The names that each kind is registered with. */
export const ANNOUNCED = {
  tool: namesOf<ToolAnnouncement>("registerTool", { ...TOOL_NAMES, inputSchema: true }, SCOPES),
  prompt: namesOf<PromptAnnouncement>("registerPrompt", PROMPT_NAMES, SCOPES),
  resource: namesOf<ResourceMetadata>(
    "registerResource",
    {
      title: true,
      description: true,
      mimeType: true,
      size: true,
      icons: true,
      annotations: true,
      _meta: true,
      scopes: true,
      cacheHint: namesOf<CacheHint>("cacheHint", { ttlMs: true, cacheScope: oneOf("public", "private") }),
    },
    { ...SCOPES, uri: "It is the second argument.", name: "It is the first argument; `title` is for people." },
  ),
};

/** What every handle can do. */
interface Handle<Updates> {
  enabled: boolean;
  enable(): void;
  disable(): void;
  /** Changes what is given; clients that listen are told. */
  update(updates: Updates): void;
  remove(): void;
}

export interface ToolUpdates extends Omit<ToolAnnouncement, "inputSchema"> {
  name?: string | null;
  paramsSchema?: InputSchema;
  callback?: AnyToolCallback;
  enabled?: boolean;
}

/** A registered tool. */
export interface RegisteredTool extends ToolAnnouncement, Handle<ToolUpdates> {
  readonly name: string;
  handler: AnyToolCallback;
}

export interface ResourceUpdates {
  name?: string;
  title?: string;
  uri?: string | null;
  metadata?: ResourceMetadata;
  callback?: ReadResourceCallback;
  enabled?: boolean;
}

/** A registered resource. */
export interface RegisteredResource extends Handle<ResourceUpdates> {
  name: string;
  title?: string | undefined;
  readonly uri: string;
  metadata?: ResourceMetadata | undefined;
  readCallback: ReadResourceCallback;
}

export interface ResourceTemplateUpdates {
  name?: string | null;
  title?: string;
  template?: ResourceTemplate;
  metadata?: ResourceMetadata;
  callback?: ReadResourceTemplateCallback;
  enabled?: boolean;
}

/** A registered template of resources. */
export interface RegisteredResourceTemplate extends Handle<ResourceTemplateUpdates> {
  readonly name: string;
  title?: string | undefined;
  resourceTemplate: ResourceTemplate;
  metadata?: ResourceMetadata | undefined;
  readCallback: ReadResourceTemplateCallback;
}

export interface PromptUpdates extends PromptAnnouncement {
  name?: string | null;
  callback?: AnyPromptCallback;
  enabled?: boolean;
}

/** The names that each kind is changed with. */
const UPDATED = {
  tool: namesOf<ToolUpdates>(
    "The update of a tool",
    { ...TOOL_NAMES, name: true, paramsSchema: true, callback: true, enabled: true },
    { ...SCOPES, inputSchema: "Use `paramsSchema`, as the official SDK has it." },
  ),
  prompt: namesOf<PromptUpdates>(
    "The update of a prompt",
    { ...PROMPT_NAMES, name: true, callback: true, enabled: true },
    SCOPES,
  ),
  resource: namesOf<ResourceUpdates>("The update of a resource", {
    name: true,
    title: true,
    uri: true,
    metadata: ANNOUNCED.resource,
    callback: true,
    enabled: true,
  }),
  template: namesOf<ResourceTemplateUpdates>("The update of a resource template", {
    name: true,
    title: true,
    template: true,
    metadata: ANNOUNCED.resource,
    callback: true,
    enabled: true,
  }),
};

/** A registered prompt. */
export interface RegisteredPrompt extends PromptAnnouncement, Handle<PromptUpdates> {
  readonly name: string;
  callback: AnyPromptCallback;
}

/** Of what a client can be told that its list has changed. */
export type Listable = "tools" | "resources" | "prompts";

/** All that is registered on one server. What most servers have none of is made when it is first looked for. */
export class Registry {
  readonly tools = new Map<string, RegisteredTool>();
  #resources: Map<string, RegisteredResource> | undefined;
  #templates: Map<string, RegisteredResourceTemplate> | undefined;
  #prompts: Map<string, RegisteredPrompt> | undefined;
  /** Of what something has been registered, if only for a while. */
  readonly offered: Listable[] = [];
  /** Told of each change once the server is in use. */
  listener: { listChanged(of: Listable): void } | undefined;

  /** By URI. */
  get resources(): Map<string, RegisteredResource> {
    return (this.#resources ??= new Map());
  }

  get templates(): Map<string, RegisteredResourceTemplate> {
    return (this.#templates ??= new Map());
  }

  get prompts(): Map<string, RegisteredPrompt> {
    return (this.#prompts ??= new Map());
  }

  /** True for what lists exist of. A server that offers nothing yet is one of tools. */
  has(of: Listable): boolean {
    return this.offered.includes(of) || (of === "tools" && this.offered.length === 0);
  }

  changed(of: Listable): void {
    if (!this.offered.includes(of)) this.offered.push(of);
    this.listener?.listChanged(of);
  }
}

/** What the four kinds have in common: a place in a map, which may move. */
abstract class Entry<Updates extends { enabled?: boolean }> {
  enabled = true;
  protected readonly registry: Registry;

  constructor(registry: Registry) {
    this.registry = registry;
  }

  abstract update(updates: Updates): void;

  enable(): void {
    this.update({ enabled: true } as Updates);
  }

  disable(): void {
    this.update({ enabled: false } as Updates);
  }
}

/** Moves `entry` from one key of `map` to another, or out of it. Throws `ERR_DUPLICATE` if the new one is taken. */
function move<T>(map: Map<string, T>, entry: T, from: string, to: string | null | undefined): string {
  // Once it is out, another may have its key.
  if (to === undefined || to === from || map.get(from) !== entry) return from;
  if (to !== null && map.has(to)) throw new WicketError("ERR_DUPLICATE", `"${to}" is registered already.`);
  map.delete(from);
  if (to === null) return from;
  map.set(to, entry);
  return to;
}

export class Tool extends Entry<ToolUpdates> implements RegisteredTool {
  name: string;
  title: string | undefined;
  description: string | undefined;
  inputSchema: InputSchema | undefined;
  outputSchema: InputSchema | undefined;
  annotations: ToolAnnotations | undefined;
  icons: Icon[] | undefined;
  _meta: Record<string, unknown> | undefined;
  scopes: readonly string[] | undefined;
  handler: AnyToolCallback;

  constructor(registry: Registry, name: string, config: ToolAnnouncement, handler: AnyToolCallback) {
    super(registry);
    this.name = name;
    this.title = config.title;
    this.description = config.description;
    this.inputSchema = config.inputSchema;
    this.outputSchema = config.outputSchema;
    this.annotations = config.annotations;
    this.icons = config.icons;
    this._meta = config._meta;
    this.scopes = config.scopes;
    this.handler = handler;
  }

  update(updates: ToolUpdates): void {
    checkOptions(UPDATED.tool, updates);
    this.name = move<RegisteredTool>(this.registry.tools, this, this.name, updates.name);
    const { title, description, paramsSchema, outputSchema, annotations, icons, _meta, scopes, callback, enabled } =
      updates;
    if (title !== undefined) this.title = title;
    if (description !== undefined) this.description = description;
    if (paramsSchema !== undefined) this.inputSchema = paramsSchema;
    if (outputSchema !== undefined) this.outputSchema = outputSchema;
    if (annotations !== undefined) this.annotations = annotations;
    if (icons !== undefined) this.icons = icons;
    if (_meta !== undefined) this._meta = _meta;
    if (scopes !== undefined) this.scopes = scopes;
    if (callback !== undefined) this.handler = callback;
    if (enabled !== undefined) this.enabled = enabled;
    this.registry.changed("tools");
  }

  remove(): void {
    this.update({ name: null });
  }
}

export class StaticResource extends Entry<ResourceUpdates> implements RegisteredResource {
  name: string;
  title: string | undefined;
  uri: string;
  metadata: ResourceMetadata | undefined;
  readCallback: ReadResourceCallback;

  constructor(
    registry: Registry,
    name: string,
    uri: string,
    metadata: ResourceMetadata | undefined,
    read: ReadResourceCallback,
  ) {
    super(registry);
    this.name = name;
    this.title = metadata?.title;
    this.uri = uri;
    this.metadata = metadata;
    this.readCallback = read;
  }

  update(updates: ResourceUpdates): void {
    checkOptions(UPDATED.resource, updates);
    const { name, title, uri, metadata, callback, enabled } = updates;
    this.uri = move<RegisteredResource>(this.registry.resources, this, this.uri, uri);
    if (name !== undefined) this.name = name;
    if (title !== undefined) this.title = title;
    if (metadata !== undefined) this.metadata = metadata;
    if (callback !== undefined) this.readCallback = callback;
    if (enabled !== undefined) this.enabled = enabled;
    this.registry.changed("resources");
  }

  remove(): void {
    this.update({ uri: null });
  }
}

export class TemplateOfResources extends Entry<ResourceTemplateUpdates> implements RegisteredResourceTemplate {
  name: string;
  title: string | undefined;
  resourceTemplate: ResourceTemplate;
  metadata: ResourceMetadata | undefined;
  readCallback: ReadResourceTemplateCallback;

  constructor(
    registry: Registry,
    name: string,
    template: ResourceTemplate,
    metadata: ResourceMetadata | undefined,
    read: ReadResourceTemplateCallback,
  ) {
    super(registry);
    this.name = name;
    this.title = metadata?.title;
    this.resourceTemplate = template;
    this.metadata = metadata;
    this.readCallback = read;
  }

  update(updates: ResourceTemplateUpdates): void {
    checkOptions(UPDATED.template, updates);
    const { name, title, template, metadata, callback, enabled } = updates;
    this.name = move<RegisteredResourceTemplate>(this.registry.templates, this, this.name, name);
    if (title !== undefined) this.title = title;
    if (template !== undefined) this.resourceTemplate = template;
    if (metadata !== undefined) this.metadata = metadata;
    if (callback !== undefined) this.readCallback = callback;
    if (enabled !== undefined) this.enabled = enabled;
    this.registry.changed("resources");
  }

  remove(): void {
    this.update({ name: null });
  }
}

export class Prompt extends Entry<PromptUpdates> implements RegisteredPrompt {
  name: string;
  title: string | undefined;
  description: string | undefined;
  argsSchema: InputSchema | undefined;
  icons: Icon[] | undefined;
  _meta: Record<string, unknown> | undefined;
  scopes: readonly string[] | undefined;
  callback: AnyPromptCallback;

  constructor(registry: Registry, name: string, config: PromptAnnouncement, callback: AnyPromptCallback) {
    super(registry);
    this.name = name;
    this.title = config.title;
    this.description = config.description;
    this.argsSchema = config.argsSchema;
    this.icons = config.icons;
    this._meta = config._meta;
    this.scopes = config.scopes;
    this.callback = callback;
  }

  update(updates: PromptUpdates): void {
    checkOptions(UPDATED.prompt, updates);
    const { name, title, description, argsSchema, icons, _meta, scopes, callback, enabled } = updates;
    this.name = move<RegisteredPrompt>(this.registry.prompts, this, this.name, name);
    if (title !== undefined) this.title = title;
    if (description !== undefined) this.description = description;
    if (argsSchema !== undefined) this.argsSchema = argsSchema;
    if (icons !== undefined) this.icons = icons;
    if (_meta !== undefined) this._meta = _meta;
    if (scopes !== undefined) this.scopes = scopes;
    if (callback !== undefined) this.callback = callback;
    if (enabled !== undefined) this.enabled = enabled;
    this.registry.changed("prompts");
  }

  remove(): void {
    this.update({ name: null });
  }
}

/**
 * Everything that is registered, and the handles that disable, enable, update and remove it. It is stored in Maps, so that
 * no name has a special meaning.
 */
import type { ScopedResources } from "../../boundary/wire.js";
import { WicketError } from "../../common/errors.js";
import { type OptionRule, checkOptions, namesOf, oneOf, openNamesOf } from "../../common/options.js";
import type { ToolContext } from "./context.js";
import type { ResourceTemplate } from "./resource-template.js";
import type { InputSchema } from "./schema/standard.js";
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

/** A handler whose parameters only its caller knows. */
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

/** The description of a tool. */
export interface ToolAnnouncement extends Scoped {
  title?: string | undefined;
  description?: string | undefined;
  inputSchema?: InputSchema | undefined;
  outputSchema?: InputSchema | undefined;
  annotations?: ToolAnnotations | undefined;
  icons?: Icon[] | undefined;
  _meta?: Record<string, unknown> | undefined;
}

/** The description of a resource, and how long clients may cache its contents. */
export interface ResourceMetadata extends Omit<Resource, "uri" | "name">, Scoped {
  cacheHint?: CacheHint;
}

/** The description of a prompt. */
export interface PromptAnnouncement extends Scoped {
  title?: string | undefined;
  description?: string | undefined;
  argsSchema?: InputSchema | undefined;
  icons?: Icon[] | undefined;
  _meta?: Record<string, unknown> | undefined;
}

/** Other names for scopes, which are not supported here. */
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
} satisfies Record<keyof Omit<ToolAnnouncement, "inputSchema">, OptionRule>;

const PROMPT_NAMES = {
  title: true,
  description: true,
  argsSchema: true,
  icons: true,
  _meta: true,
  scopes: true,
} satisfies Record<keyof PromptAnnouncement, OptionRule>;

/** The option names at registration, by kind. */
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

/** Methods of every handle. */
interface Handle<Updates> {
  enabled: boolean;
  enable(): void;
  disable(): void;
  /** Changes the given members; listening clients are notified. */
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

/** A registered resource template. */
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

/** The names that `update` accepts, by kind. */
const UPDATED = {
  tool: namesOf<ToolUpdates>(
    "The update of a tool",
    { ...TOOL_NAMES, name: true, paramsSchema: true, callback: true, enabled: true },
    { ...SCOPES, inputSchema: "Use `paramsSchema`, as in the official SDK." },
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

/** The kinds of lists whose changes can be announced. */
export type Listable = "tools" | "resources" | "prompts";

/**
 * Everything that is registered on one server. Kinds that most servers do not have are created when they are first
 * used.
 */
export class Registry {
  readonly tools = new Map<string, RegisteredTool>();
  #resources: Map<string, RegisteredResource> | undefined;
  #templates: Map<string, RegisteredResourceTemplate> | undefined;
  #prompts: Map<string, RegisteredPrompt> | undefined;
  /** The kinds of which something has ever been registered. */
  readonly offered: Listable[] = [];
  /** Notified of each change once the server is in use. */
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

  /** True if the server has this list. A server that has nothing yet counts as one with tools. */
  has(of: Listable): boolean {
    return this.offered.includes(of) || (of === "tools" && this.offered.length === 0);
  }

  /** The scopes of resources, by URI and by template; undefined if everybody may see all of them. */
  get scoped(): ScopedResources | undefined {
    const needs = ({ scopes = [] }: Scoped = {}) => scopes.join(" ");
    const own = [...this.resources.values()].map(({ uri, metadata }): [string, string] => [uri, needs(metadata)]);
    const through = [...this.templates.values()]
      .filter(({ enabled }) => enabled)
      .map(({ resourceTemplate, metadata }): [string, string] => [
        resourceTemplate.uriTemplate.toString(),
        needs(metadata),
      ]);
    if ([...own, ...through].every(([, scopes]) => scopes === "")) return undefined;
    return { resources: own, templates: through };
  }

  changed(of: Listable): void {
    if (!this.offered.includes(of)) this.offered.push(of);
    this.listener?.listChanged(of);
  }
}

/** The common part of the four kinds: an entry in a map, which may move. */
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

/** Sets the members of `entry` that are not undefined in `updates`; `names` maps those that have another name there. */
function change(entry: object, updates: object, names: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(updates) as [string, unknown][]) {
    if (value !== undefined) Object.assign(entry, { [names[name] ?? name]: value });
  }
}

/** Moves `entry` from one key of `map` to another, or removes it. Throws `ERR_DUPLICATE` if the new key is taken. */
function move<T>(map: Map<string, T>, entry: T, from: string, to: string | null | undefined): string {
  // After it was removed, another entry may have its key.
  if (to === undefined || to === from || map.get(from) !== entry) return from;
  if (to !== null && map.has(to)) throw new WicketError("ERR_DUPLICATE", `"${to}" is already registered.`);
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

  update({ name, ...updates }: ToolUpdates): void {
    checkOptions(UPDATED.tool, updates);
    this.name = move<RegisteredTool>(this.registry.tools, this, this.name, name);
    change(this, updates, { paramsSchema: "inputSchema", callback: "handler" });
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

  update({ uri, ...updates }: ResourceUpdates): void {
    checkOptions(UPDATED.resource, updates);
    this.uri = move<RegisteredResource>(this.registry.resources, this, this.uri, uri);
    change(this, updates, { callback: "readCallback" });
    this.registry.changed("resources");
  }

  remove(): void {
    this.update({ uri: null });
  }
}

export class ResourceTemplateEntry extends Entry<ResourceTemplateUpdates> implements RegisteredResourceTemplate {
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

  update({ name, ...updates }: ResourceTemplateUpdates): void {
    checkOptions(UPDATED.template, updates);
    this.name = move<RegisteredResourceTemplate>(this.registry.templates, this, this.name, name);
    change(this, updates, { template: "resourceTemplate", callback: "readCallback" });
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

  update({ name, ...updates }: PromptUpdates): void {
    checkOptions(UPDATED.prompt, updates);
    this.name = move<RegisteredPrompt>(this.registry.prompts, this, this.name, name);
    change(this, updates, {});
    this.registry.changed("prompts");
  }

  remove(): void {
    this.update({ name: null });
  }
}

/** The effect "list": what is registered, as text. Tool lists are cached, because creating one takes long. */
import { BOUNDS, bytesOf } from "../caches.js";
import { callback } from "../../common/callback.js";
import { logged } from "../../common/errors.js";
import type { Outcome } from "../world.js";
import type { ListEffect } from "../wire.js";
import { CallContext } from "../../mcp/server/call-context.js";
import type { Access } from "../../auth/guard.js";
import type { McpServer } from "../../mcp/server/mcp-server.js";
import { mirrorsIn } from "../../mcp/server/mirrors.js";
import { warnOfName } from "../../mcp/server/names.js";
import type { RegisteredPrompt, RegisteredTool, ResourceMetadata } from "../../mcp/server/registered.js";
import { type JsonSchemaText as WrittenSchema, inputOf, resultOf } from "../../mcp/server/schema/schema.js";
import { type InputSchema, isStandardSchema } from "../../mcp/server/schema/standard.js";
import { mayUse } from "../../mcp/server/scopes.js";
import type { PromptArgument, Resource } from "../../mcp/server/types.js";
import type { ServerWorld } from "../../mcp/server/world.js";

/* Lists what is registered. The outcome is `Listed` of `src/flow/registry.rs`. */
export async function list(server: McpServer, effect: ListEffect, world: ServerWorld): Promise<Outcome> {
  const { registry, options } = server;
  const kind = effect.of === "templates" ? "resources" : effect.of;
  if (!registry.has(kind) && !options.capabilities?.[kind]) return { json: '"absent"' };
  if (effect.of === "tools") return listTools(server, effect, world.admitted.access);
  if (effect.of === "prompts") {
    const prompts = [...registry.prompts.values()].filter((it) => it.enabled && mayUse(it, world.admitted.access));
    const items = prompts.map((prompt) => [prompt.name, prompt] as const);
    const write = (name: string, prompt: RegisteredPrompt) =>
      itemText("prompt", name, () => promptText(prompt, effect));
    return paged(effect, options.pageSize, items, write);
  }
  const items =
    effect.of === "templates" ? templates(server, world.admitted.access) : await resources(server, effect, world);
  const write = (key: string, item: object) => itemText("resource", key, () => textOf(item, effect));
  return paged(effect, options.pageSize, [...items], write);
}

/** A list of items by their keys; if it has more than one page, Rust selects the page from the keys around it. */
function paged<Item>(
  { after }: ListEffect,
  size: number | undefined,
  items: readonly (readonly [string, Item])[],
  write: (key: string, item: Item) => string,
  whole?: string,
): Outcome {
  if (after === undefined && (size === undefined || size >= items.length)) {
    const all = whole ?? arrayOf(items.map(([key, item]) => write(key, item)));
    return { json: `{"all":${all}}`, splice: all };
  }
  const before = items.findIndex(([key]) => key === after);
  const isGone = after !== undefined && before < 0;
  const start = Math.max(before, 0);
  const end = isGone ? start : before + 1 + (size ?? items.length);
  // With the key of the next item, if there is one.
  const keys = JSON.stringify(items.slice(start, end + 1).map(([key]) => key));
  const texts = items.slice(start, end).map(([key, item]) => (key === after ? "" : write(key, item)) || "null");
  return { json: `{"some":{"keys":${keys},"items":[${texts.join(",")}],"size":${JSON.stringify(size ?? null)}}}` };
}

/** A serialized list, and what it was made of. */
interface ToolList {
  readonly of: readonly CachedTool[];
  /** By the names of the tools. */
  readonly texts: readonly (readonly [string, string])[];
  readonly whole: string;
}

/** A tool as it was when it was serialized. Objects that are not schemas are copied, because they may change. */
interface CachedTool {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly inputSchema: InputSchema | undefined;
  readonly inputShape: object | undefined;
  readonly outputSchema: InputSchema | undefined;
  readonly annotations: object | undefined;
  readonly more: string | undefined;
}

/** Lists, by the members that the revision does not have; the latest first. */
const cachedLists = new Map<string, ToolList[]>();
/** Their approximate size together. */
let cachedBytes = 0;

function listTools({ registry, options }: McpServer, effect: ListEffect, access: Access): Outcome {
  const key = `${effect.omit?.join() ?? ""} ${effect.rooted?.join() ?? ""}`;
  let found = cachedLists.get(key)?.find(({ of }) => isListOf(of, registry.tools, access));
  if (!found) {
    found = writeTools(registry.tools, effect, access);
    cacheList(key, found);
  }
  return paged(effect, options.pageSize, found.texts, (_, text) => text, found.whole);
}

/**
 * Stores a list as the latest one. No more of one kind are compared; a list that is too long is serialized each time.
 */
function cacheList(key: string, list: ToolList): void {
  const bytes = bytesOfList(list);
  if (bytes > BOUNDS.lists.value) return;
  const ofKind = cachedLists.get(key) ?? [];
  cachedLists.set(key, ofKind);
  ofKind.unshift(list);
  cachedBytes += bytes;
  if (ofKind.length > BOUNDS.listsOfAKind.value) dropOldest(ofKind);
  for (const lists of cachedLists.values())
    while (cachedBytes > BOUNDS.lists.value && lists.length > (lists === ofKind ? 1 : 0)) dropOldest(lists);
}

function dropOldest(lists: ToolList[]): void {
  const last = lists.pop();
  if (last) cachedBytes -= bytesOfList(last);
}

/** The texts of its items, and of the whole. */
const bytesOfList = ({ whole, of }: ToolList): number => 2 * bytesOf(whole) + 128 * of.length;

function isListOf(cached: readonly CachedTool[], tools: ReadonlyMap<string, RegisteredTool>, access: Access): boolean {
  let at = 0;
  for (const tool of tools.values()) {
    if (!tool.enabled || !mayUse(tool, access)) continue;
    const one = cached[at++];
    if (!one || !isTool(one, tool)) return false;
  }
  return at === cached.length;
}

function isTool(cached: CachedTool, tool: RegisteredTool): boolean {
  return (
    cached.name === tool.name &&
    cached.description === tool.description &&
    cached.title === tool.title &&
    (cached.inputSchema === tool.inputSchema || hasSameMembers(cached.inputShape, tool.inputSchema)) &&
    cached.outputSchema === tool.outputSchema &&
    (cached.annotations === tool.annotations || hasSameMembers(cached.annotations, tool.annotations)) &&
    cached.more === moreOf(tool)
  );
}

function hasSameMembers(one: object | undefined, other: object | undefined): boolean {
  if (!one || !other) return false;
  const members = other as Record<string, unknown>;
  let count = 0;
  for (const [name, value] of Object.entries(one)) {
    if (!Object.hasOwn(members, name) || members[name] !== value) return false;
    count++;
  }
  return count === Object.keys(other).length;
}

function moreOf({ icons, _meta }: RegisteredTool): string | undefined {
  try {
    return icons || _meta ? JSON.stringify([icons, _meta]) : undefined;
  } catch {
    // The tool's author is told elsewhere.
    return undefined;
  }
}

function writeTools(tools: ReadonlyMap<string, RegisteredTool>, effect: ListEffect, access: Access): ToolList {
  const enabled = [...tools.values()].filter((tool) => tool.enabled && mayUse(tool, access));
  const texts = enabled.map((tool) => [tool.name, itemText("tool", tool.name, () => toolText(tool, effect))] as const);
  const of = enabled.map((tool): CachedTool => {
    const { name, title, description, inputSchema, outputSchema, annotations } = tool;
    const inputShape = inputSchema && !isStandardSchema(inputSchema) ? { ...inputSchema } : undefined;
    const copy = annotations && { ...annotations };
    return { name, title, description, inputSchema, inputShape, outputSchema, annotations: copy, more: moreOf(tool) };
  });
  return { of, texts, whole: arrayOf(texts.map(([, text]) => text)) };
}

function toolText(tool: RegisteredTool, effect: ListEffect): string {
  const { name, title, description, inputSchema, outputSchema, annotations, icons, _meta } = tool;
  warnOfName(name);
  const announced = textOf({ name, title, description, annotations, icons, _meta }, effect);
  const input = schemaText(inputOf(inputSchema), `inputSchema of the tool "${name}"`);
  mirrorsIn(input);
  let text = `${announced.slice(0, -1)},"inputSchema":${input}`;
  if (outputSchema && !effect.omit?.includes("outputSchema")) {
    const output = schemaText(resultOf(outputSchema), `outputSchema of the tool "${name}"`);
    const isRooted = (JSON.parse(output) as { type?: unknown }).type === "object";
    if (isRooted || !effect.rooted?.includes("outputSchema")) text += `,"outputSchema":${output}`;
  }
  return `${text}}`;
}

/*
 * A URI that every client accepts: characters that no URI may contain are percent-encoded (`src/mcp/uri.rs` decodes
 * them).
 */
const shownUri = (uri: string): string => uri.replace(/[\s\u0000-\u001f\u007f-\u009f"<>\\^`{|}]/g, encodeURIComponent);

/** A schema as it is listed. What could not be serialized is logged. */
function schemaText({ text, wrong }: WrittenSchema, what: string): string {
  if (wrong !== undefined) logged(`A part of the ${what} cannot be expressed, and is listed as any value`, wrong);
  return text;
}

/** The result of `write`; an item that cannot be serialized is logged, and the others are listed without it. */
function itemText(what: string, name: string, write: () => string): string {
  try {
    return write();
  } catch (error) {
    logged(`The ${what} "${name}" cannot be listed`, error);
    return "";
  }
}

/** A list of the items that could be serialized. */
function arrayOf(texts: readonly string[]): string {
  return `[${texts.filter((text) => text !== "").join(",")}]`;
}

/** An item without the members that the revision does not have. */
function textOf(item: object, { omit }: ListEffect): string {
  // Null counts as absent: clients take it for a member of the wrong type, and reject the whole list.
  const members = Object.entries(item).filter(([member, value]) => value !== null && !omit?.includes(member));
  return JSON.stringify(Object.fromEntries(members));
}

function promptText({ name, title, description, argsSchema, icons, _meta }: RegisteredPrompt, effect: ListEffect) {
  const args = argsSchema && promptArguments(name, argsSchema, effect);
  return textOf({ name, title, description, arguments: args, icons, _meta }, effect);
}

/** A prompt's arguments are strings with names, which are taken from its schema. */
function promptArguments(prompt: string, schema: InputSchema, { omit }: ListEffect): PromptArgument[] {
  const { properties = {}, required = [] } = JSON.parse(
    schemaText(inputOf(schema), `argsSchema of the prompt "${prompt}"`),
  ) as {
    properties?: Record<string, { title?: string; description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { title, description }]) => {
    const argument: PromptArgument = { name, required: required.includes(name) };
    if (title !== undefined && !omit?.includes("title")) argument.title = title;
    if (description !== undefined) argument.description = description;
    return argument;
  });
}

function announced(
  { cacheHint: _hint, scopes: _scopes, ...metadata }: ResourceMetadata,
  title: string | undefined,
): object {
  return title === undefined ? metadata : { ...metadata, title };
}

/** Resources by URI: first those with a URI of their own, then those that templates list. */
async function resources(server: McpServer, effect: ListEffect, world: ServerWorld): Promise<Map<string, object>> {
  const { registry } = server;
  const { access, limits } = world.admitted;
  const found = new Map<string, object>();
  for (const { enabled, uri, name, title, metadata } of registry.resources.values()) {
    if (enabled && mayUse(metadata ?? {}, access))
      found.set(uri, { uri: shownUri(uri), name, ...announced(metadata ?? {}, title) });
  }
  const context = new CallContext(world, effect);
  const listing = [...registry.templates.values()].map(async ({ name, enabled, title, metadata, resourceTemplate }) => {
    const { listCallback } = resourceTemplate;
    const list = () => server.serving.run(world, context, () => listCallback?.(context));
    try {
      const mayList = enabled && mayUse(metadata ?? {}, access);
      const listed = mayList ? await callback(`The list of the template "${name}"`, limits.callback, list) : undefined;
      const shared = announced(metadata ?? {}, title);
      return (listed?.resources ?? []).map((resource): Resource => ({
        ...shared,
        ...resource,
        uri: shownUri(resource.uri),
      }));
    } catch (error) {
      logged(`The resources of the template "${name}" cannot be listed`, error);
      return [];
    }
  });
  for (const resource of (await Promise.all(listing)).flat()) {
    if (!found.has(resource.uri)) found.set(resource.uri, resource);
  }
  return found;
}

function templates({ registry }: McpServer, access: Access): Map<string, object> {
  const found = new Map<string, object>();
  for (const { enabled, name, title, metadata, resourceTemplate } of registry.templates.values()) {
    const uriTemplate = resourceTemplate.uriTemplate.toString();
    if (enabled && mayUse(metadata ?? {}, access))
      found.set(name, { uriTemplate, name, ...announced(metadata ?? {}, title) });
  }
  return found;
}

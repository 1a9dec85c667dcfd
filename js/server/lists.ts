/** The effect "list": what is registered, as text. Lists of tools are kept, since making one takes long. */
import { BOUNDS, bytesOf } from "../bounds.js";
import { callback } from "../callback.js";
import { logged } from "../errors.js";
import type { Outcome } from "../run.js";
import type { ListEffect } from "../wire.js";
import { CallContext } from "./context.js";
import type { Pass } from "../guard.js";
import type { McpServer } from "./mcp-server.js";
import { mirrorsIn } from "./mirrors.js";
import { warnOfName } from "./names.js";
import type { RegisteredPrompt, RegisteredTool, ResourceMetadata } from "./registered.js";
import { type InputSchema, type Written as WrittenSchema, inputOf, isStandardSchema, resultOf } from "./schema.js";
import { mayUse } from "./scopes.js";
import type { PromptArgument, Resource } from "./types.js";
import type { ServerWorld } from "./world.js";

/** Lists. The outcome is `Listed` of `src/flow/registry.rs`. */
export async function list(server: McpServer, effect: ListEffect, world: ServerWorld): Promise<Outcome> {
  const { registry, options } = server;
  const kind = effect.of === "templates" ? "resources" : effect.of;
  if (!registry.has(kind) && !options.capabilities?.[kind]) return { json: '{"absent":true}' };
  if (effect.of === "tools") return listTools(server, effect, world.passage.pass);
  if (effect.of === "prompts") {
    const prompts = [...registry.prompts.values()].filter((it) => it.enabled && mayUse(it, world.passage.pass));
    return paged(
      effect,
      options.pageSize,
      prompts.map(({ name }) => name),
      () => prompts.map((prompt) => itemText("prompt", prompt.name, () => promptText(prompt, effect))),
    );
  }
  const items =
    effect.of === "templates" ? templates(server, world.passage.pass) : await resources(server, effect, world);
  return paged(effect, options.pageSize, [...items.keys()], () =>
    [...items].map(([key, item]) => itemText("resource", key, () => textOf(item, effect))),
  );
}

/** The part of a list that is asked for. */
function paged(
  { after }: ListEffect,
  size: number | undefined,
  keys: readonly string[],
  write: () => readonly string[],
  whole?: string,
): Outcome {
  if (after === undefined && (size === undefined || size >= keys.length)) {
    const page = whole ?? arrayOf(write());
    return { json: `{"page":${page}}`, splice: page };
  }
  const last = after === undefined ? -1 : keys.indexOf(after);
  if (after !== undefined && last < 0) return { json: '{"lost":true}' };
  const end = size === undefined ? keys.length : last + 1 + size;
  const page = arrayOf(write().slice(last + 1, end));
  const next = end < keys.length ? keys[end - 1] : undefined;
  if (next === undefined) return { json: `{"page":${page}}`, splice: page };
  return { json: `{"page":${page},"next":${JSON.stringify(next)}}` };
}

/** A list that has been written, and what it was written of. */
interface Written {
  readonly of: readonly Seen[];
  readonly names: readonly string[];
  readonly texts: readonly string[];
  readonly whole: string;
}

/** A tool as it was when it was written. Objects that are no schemas are copied: they may change. */
interface Seen {
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly inputSchema: InputSchema | undefined;
  readonly inputShape: object | undefined;
  readonly outputSchema: InputSchema | undefined;
  readonly annotations: object | undefined;
  readonly more: string | undefined;
}

/** Lists by what the revision does not know of them; the latest first. */
const written = new Map<string, Written[]>();
/** What they take, about. */
let taken = 0;

function listTools({ registry, options }: McpServer, effect: ListEffect, pass: Pass): Outcome {
  const key = `${effect.omit?.join() ?? ""} ${effect.rooted?.join() ?? ""}`;
  let found = written.get(key)?.find(({ of }) => isListOf(of, registry.tools, pass));
  if (!found) {
    found = writeTools(registry.tools, effect, pass);
    keep(key, found);
  }
  const { names, texts, whole } = found;
  return paged(effect, options.pageSize, names, () => texts, whole);
}

/** Keeps a list as the latest. More of one kind are not looked through; what is too long is written anew each time. */
function keep(key: string, list: Written): void {
  const bytes = bytesOfList(list);
  if (bytes > BOUNDS.lists.value) return;
  const kept = written.get(key) ?? [];
  written.set(key, kept);
  kept.unshift(list);
  taken += bytes;
  if (kept.length > BOUNDS.listsOfAKind.value) drop(kept);
  for (const lists of written.values())
    while (taken > BOUNDS.lists.value && lists.length > (lists === kept ? 1 : 0)) drop(lists);
}

function drop(kept: Written[]): void {
  const last = kept.pop();
  if (last) taken -= bytesOfList(last);
}

/** Its texts by themselves, and as a whole. */
const bytesOfList = ({ whole, of }: Written): number => 2 * bytesOf(whole) + 128 * of.length;

function isListOf(seen: readonly Seen[], tools: ReadonlyMap<string, RegisteredTool>, pass: Pass): boolean {
  let at = 0;
  for (const tool of tools.values()) {
    if (!tool.enabled || !mayUse(tool, pass)) continue;
    const one = seen[at++];
    if (!one || !isTool(one, tool)) return false;
  }
  return at === seen.length;
}

function isTool(seen: Seen, tool: RegisteredTool): boolean {
  return (
    seen.name === tool.name &&
    seen.description === tool.description &&
    seen.title === tool.title &&
    (seen.inputSchema === tool.inputSchema || hasSameMembers(seen.inputShape, tool.inputSchema)) &&
    seen.outputSchema === tool.outputSchema &&
    (seen.annotations === tool.annotations || hasSameMembers(seen.annotations, tool.annotations)) &&
    seen.more === moreOf(tool)
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
    // Whoever writes the tool says so.
    return undefined;
  }
}

function writeTools(tools: ReadonlyMap<string, RegisteredTool>, effect: ListEffect, pass: Pass): Written {
  const enabled = [...tools.values()].filter((tool) => tool.enabled && mayUse(tool, pass));
  const texts = enabled.map((tool) => itemText("tool", tool.name, () => toolText(tool, effect)));
  const of = enabled.map((tool): Seen => {
    const { name, title, description, inputSchema, outputSchema, annotations } = tool;
    const inputShape = inputSchema && !isStandardSchema(inputSchema) ? { ...inputSchema } : undefined;
    const copy = annotations && { ...annotations };
    return { name, title, description, inputSchema, inputShape, outputSchema, annotations: copy, more: moreOf(tool) };
  });
  return { of, names: enabled.map(({ name }) => name), texts, whole: arrayOf(texts) };
}

function toolText(tool: RegisteredTool, effect: ListEffect): string {
  const { name, title, description, inputSchema, outputSchema, annotations, icons, _meta } = tool;
  warnOfName(name);
  const announced = textOf({ name, title, description, annotations, icons, _meta }, effect);
  const input = said(inputOf(inputSchema), `inputSchema of the tool "${name}"`);
  mirrorsIn(input);
  let text = `${announced.slice(0, -1)},"inputSchema":${input}`;
  if (outputSchema && !effect.omit?.includes("outputSchema")) {
    const output = said(resultOf(outputSchema), `outputSchema of the tool "${name}"`);
    const isRooted = (JSON.parse(output) as { type?: unknown }).type === "object";
    if (isRooted || !effect.rooted?.includes("outputSchema")) text += `,"outputSchema":${output}`;
  }
  return `${text}}`;
}

/** A URI as every client takes it: what no URI has is percent-encoded (`src/mcp/uri.rs` reads it back). */
const shownUri = (uri: string): string => uri.replace(/[\s\u0000-\u001f\u007f-\u009f"<>\\^`{|}]/g, encodeURIComponent);

/** A schema as it is listed. What of it could not be written is in the log. */
function said({ text, wrong }: WrittenSchema, what: string): string {
  if (wrong !== undefined) logged(`A part of the ${what} is listed as anything`, wrong);
  return text;
}

/** What `write` gives; an item that cannot be written is in the log, and the others are listed without it. */
function itemText(what: string, name: string, write: () => string): string {
  try {
    return write();
  } catch (error) {
    logged(`The ${what} "${name}" cannot be listed`, error);
    return "";
  }
}

/** A list of the items that could be written. */
function arrayOf(texts: readonly string[]): string {
  return `[${texts.filter((text) => text !== "").join(",")}]`;
}

/** An item without what the revision does not know. */
function textOf(item: object, { omit }: ListEffect): string {
  // What is null is absent: clients take it for a member of a wrong type, and refuse the whole list.
  const members = Object.entries(item).filter(([member, value]) => value !== null && !omit?.includes(member));
  return JSON.stringify(Object.fromEntries(members));
}

function promptText({ name, title, description, argsSchema, icons, _meta }: RegisteredPrompt, effect: ListEffect) {
  const args = argsSchema && promptArguments(name, argsSchema, effect);
  return textOf({ name, title, description, arguments: args, icons, _meta }, effect);
}

/** A prompt's arguments are strings with names, told from its schema. */
function promptArguments(prompt: string, schema: InputSchema, { omit }: ListEffect): PromptArgument[] {
  const { properties = {}, required = [] } = JSON.parse(
    said(inputOf(schema), `argsSchema of the prompt "${prompt}"`),
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

/** Resources by URI: those with one of their own first, then those that templates list. */
async function resources(server: McpServer, effect: ListEffect, world: ServerWorld): Promise<Map<string, object>> {
  const { registry } = server;
  const { pass, limits } = world.passage;
  const found = new Map<string, object>();
  for (const { enabled, uri, name, title, metadata } of registry.resources.values()) {
    if (enabled && mayUse(metadata ?? {}, pass))
      found.set(uri, { uri: shownUri(uri), name, ...announced(metadata ?? {}, title) });
  }
  const context = new CallContext(world, effect);
  const listing = [...registry.templates.values()].map(async ({ name, enabled, title, metadata, resourceTemplate }) => {
    const { listCallback } = resourceTemplate;
    const list = () => server.serving.run(context, () => listCallback?.(context));
    try {
      const mayList = enabled && mayUse(metadata ?? {}, pass);
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

function templates({ registry }: McpServer, pass: Pass): Map<string, object> {
  const found = new Map<string, object>();
  for (const { enabled, name, title, metadata, resourceTemplate } of registry.templates.values()) {
    const uriTemplate = resourceTemplate.uriTemplate.toString();
    if (enabled && mayUse(metadata ?? {}, pass))
      found.set(name, { uriTemplate, name, ...announced(metadata ?? {}, title) });
  }
  return found;
}

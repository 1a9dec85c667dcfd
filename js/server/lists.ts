/** The effect "list": what is registered, as text. Lists of tools are kept, since making one takes long. */
import { callback } from "../callback.js";
import type { Outcome } from "../run.js";
import type { ListEffect } from "../wire.js";
import { CallContext } from "./context.js";
import type { Pass } from "../guard.js";
import type { McpServer } from "./mcp-server.js";
import { mirrorsIn } from "./mirrors.js";
import { warnOfName } from "./names.js";
import type { RegisteredPrompt, RegisteredTool, ResourceMetadata } from "./registered.js";
import { type InputSchema, inputText, isStandardSchema, outputText } from "./schema.js";
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
      () => prompts.map((prompt) => promptText(prompt, effect)),
    );
  }
  const items =
    effect.of === "templates" ? templates(server, world.passage.pass) : await resources(server, effect, world);
  return paged(effect, options.pageSize, [...items.keys()], () => [...items.values()].map((it) => textOf(it, effect)));
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
    const page = whole ?? `[${write().join(",")}]`;
    return { json: `{"page":${page}}`, splice: page };
  }
  const last = after === undefined ? -1 : keys.indexOf(after);
  if (after !== undefined && last < 0) return { json: '{"lost":true}' };
  const end = size === undefined ? keys.length : last + 1 + size;
  const page = `[${write()
    .slice(last + 1, end)
    .join(",")}]`;
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
const MAX_KEPT = 16;

function listTools({ registry, options }: McpServer, effect: ListEffect, pass: Pass): Outcome {
  const key = `${effect.omit?.join() ?? ""} ${effect.rooted?.join() ?? ""}`;
  let kept = written.get(key);
  if (!kept) written.set(key, (kept = []));
  let found = kept.find(({ of }) => isListOf(of, registry.tools, pass));
  if (!found) {
    found = writeTools(registry.tools, effect, pass);
    kept.unshift(found);
    if (kept.length > MAX_KEPT) kept.pop();
  }
  const { names, texts, whole } = found;
  return paged(effect, options.pageSize, names, () => texts, whole);
}

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
  return icons || _meta ? JSON.stringify([icons, _meta]) : undefined;
}

function writeTools(tools: ReadonlyMap<string, RegisteredTool>, effect: ListEffect, pass: Pass): Written {
  const enabled = [...tools.values()].filter((tool) => tool.enabled && mayUse(tool, pass));
  const texts = enabled.map((tool) => toolText(tool, effect));
  const of = enabled.map((tool): Seen => {
    const { name, title, description, inputSchema, outputSchema, annotations } = tool;
    const inputShape = inputSchema && !isStandardSchema(inputSchema) ? { ...inputSchema } : undefined;
    const copy = annotations && { ...annotations };
    return { name, title, description, inputSchema, inputShape, outputSchema, annotations: copy, more: moreOf(tool) };
  });
  return { of, names: enabled.map(({ name }) => name), texts, whole: `[${texts.join(",")}]` };
}

function toolText(tool: RegisteredTool, effect: ListEffect): string {
  const { name, title, description, inputSchema, outputSchema, annotations, icons, _meta } = tool;
  warnOfName(name);
  const announced = textOf({ name, title, description, annotations, icons, _meta }, effect);
  const input = inputText(inputSchema);
  mirrorsIn(input);
  let text = `${announced.slice(0, -1)},"inputSchema":${input}`;
  if (outputSchema && !effect.omit?.includes("outputSchema")) {
    const output = outputText(outputSchema);
    const isRooted = (JSON.parse(output) as { type?: unknown }).type === "object";
    if (isRooted || !effect.rooted?.includes("outputSchema")) text += `,"outputSchema":${output}`;
  }
  return `${text}}`;
}

/** An item without what the revision does not know. */
function textOf(item: object, { omit }: ListEffect): string {
  if (!omit) return JSON.stringify(item);
  return JSON.stringify(Object.fromEntries(Object.entries(item).filter(([member]) => !omit.includes(member))));
}

function promptText({ name, title, description, argsSchema, icons, _meta }: RegisteredPrompt, effect: ListEffect) {
  const args = argsSchema && promptArguments(argsSchema, effect);
  return textOf({ name, title, description, arguments: args, icons, _meta }, effect);
}

/** A prompt's arguments are strings with names, told from its schema. */
function promptArguments(schema: InputSchema, { omit }: ListEffect): PromptArgument[] {
  const { properties = {}, required = [] } = JSON.parse(inputText(schema)) as {
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
    if (enabled && mayUse(metadata ?? {}, pass)) found.set(uri, { uri, name, ...announced(metadata ?? {}, title) });
  }
  const context = new CallContext(world, effect);
  const listing = [...registry.templates.values()].map(async ({ enabled, title, metadata, resourceTemplate }) => {
    const { listCallback } = resourceTemplate;
    const uri = resourceTemplate.uriTemplate.toString();
    const list = () => listCallback?.(context);
    const mayList = enabled && mayUse(metadata ?? {}, pass);
    const listed = mayList ? await callback(`The list of the template "${uri}"`, limits.callback, list) : undefined;
    const shared = announced(metadata ?? {}, title);
    return (listed?.resources ?? []).map((resource): Resource => ({ ...shared, ...resource }));
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

/** The effect "read": reads the resource that the user registered, at its URI or through a template. */
import { handled, isThenable } from "../callback.js";
import type { Outcome } from "../run.js";
import type { ReadEffect } from "../wire.js";
import { CallContext } from "./context.js";
import { UNKNOWN, forbidden, hasNull, hasOnly, returned, thrown } from "./handlers.js";
import type { McpServer } from "./mcp-server.js";
import { around } from "./on-call.js";
import type { ResourceMetadata } from "./registered.js";
import { mayUse } from "./scopes.js";
import type { ReadResourceResult } from "./types.js";
import type { ServerWorld } from "./world.js";

/** Reads a resource. The outcome is `Called` of `src/flow/call.rs`. */
export async function readResource(server: McpServer, effect: ReadEffect, world: ServerWorld): Promise<Outcome> {
  const { registry } = server;
  const { uri, template, variables = {} } = effect;
  if (!URL.canParse(uri)) return UNKNOWN;
  const { passage } = world;
  const context = new CallContext(world, effect);
  const { hooks } = server;
  const about = { method: "resources/read", name: uri, arguments: variables, context } as const;
  const run = (handler: () => ReadResourceResult | Promise<ReadResourceResult>) => {
    const given = server.serving.run(context, () => (hooks ? around(hooks, about, handler) : handler()));
    return isThenable(given) ? handled(`The resource "${uri}"`, passage.limits, given) : given;
  };
  try {
    if (template !== undefined) {
      const found = registry.templates.get(template);
      if (!found?.enabled) return UNKNOWN;
      if (!mayUse(found.metadata ?? {}, passage.pass)) return forbidden(found.metadata ?? {}, passage);
      return read(await run(() => found.readCallback(new URL(uri), variables, context)), found.metadata);
    }
    const found = registry.resources.get(uri);
    if (found && !found.enabled) return UNKNOWN;
    if (found && !mayUse(found.metadata ?? {}, passage.pass)) return forbidden(found.metadata ?? {}, passage);
    if (found) return read(await run(() => found.readCallback(new URL(uri), context)), found.metadata);
  } catch (error) {
    return thrown(server, "resource", uri, error, context);
  }
  const templates = [...registry.templates.values()].filter(({ enabled }) => enabled);
  const texts = templates.map(({ name, resourceTemplate }) => [name, resourceTemplate.uriTemplate.toString()]);
  return { json: JSON.stringify({ templates: texts, uris: [...registry.resources.keys()] }) };
}

const PLAIN = new Set(["contents"]);

function read(result: ReadResourceResult, metadata: ResourceMetadata | undefined): Outcome {
  const hinted = metadata?.cacheHint && (result as unknown) != null ? { ...metadata.cacheHint, ...result } : result;
  return returned(hinted, hasOnly(hinted, PLAIN) && Array.isArray(hinted.contents) && !hinted.contents.some(hasNull));
}

/** The effect "read": reads a registered resource, at its URI or through a template. */
import type { Outcome } from "../world.js";
import type { ReadEffect } from "../wire.js";
import { CallContext } from "../../mcp/server/call-context.js";
import { UNKNOWN, called, forbidden, ran, returned, thrown } from "./outcomes.js";
import type { McpServer } from "../../mcp/server/mcp-server.js";
import { mayUse } from "../../mcp/server/scopes.js";
import type { ReadResourceResult } from "../../mcp/server/types.js";
import type { ServerWorld } from "../../mcp/server/world.js";

/* Reads a resource. The outcome is `CallOutcome` of `src/flow/call.rs`. */
export async function readResource(server: McpServer, effect: ReadEffect, world: ServerWorld): Promise<Outcome> {
  const { registry } = server;
  const { uri, template, variables = {} } = effect;
  if (!URL.canParse(uri)) return UNKNOWN;
  const found = template === undefined ? registry.resources.get(uri) : registry.templates.get(template);
  if (found ? !found.enabled : template !== undefined) return UNKNOWN;
  if (found) {
    const { metadata = {} } = found;
    if (!mayUse(metadata, world.admitted.access)) return forbidden(metadata, world.admitted);
    const context = new CallContext(world, effect);
    const about = { method: "resources/read", name: uri, arguments: variables, context } as const;
    try {
      const result = await ran<ReadResourceResult>(world, "resource", about, () =>
        "resourceTemplate" in found
          ? found.readCallback(new URL(uri), variables, context)
          : found.readCallback(new URL(uri), context),
      );
      const hinted = metadata.cacheHint && (result as unknown) != null ? { ...metadata.cacheHint, ...result } : result;
      return returned(hinted, "contents");
    } catch (error) {
      return thrown(server, "resource", uri, error, context);
    }
  }
  const templates = [...registry.templates.values()].filter(({ enabled }) => enabled);
  const known = templates.map(({ name, resourceTemplate }): [string, string] => [
    name,
    resourceTemplate.uriTemplate.toString(),
  ]);
  return called({ elsewhere: { templates: known, uris: [...registry.resources.keys()] } });
}

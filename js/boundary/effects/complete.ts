/** The effect "complete": values for an argument of a prompt, or for a variable of a template. */
import { awaited } from "../../common/callback.js";
import type { AdmittedRequest } from "../../mcp/endpoint.js";
import { logged } from "../../common/errors.js";
import type { Access } from "../../auth/guard.js";
import { type Outcome, outcomeOf } from "../world.js";
import type { CompleteEffect, Completed } from "../wire.js";
import { type CompleteCallback, completerOf } from "../../mcp/server/completable.js";
import type { McpServer } from "../../mcp/server/mcp-server.js";
import { memberOf, membersOf } from "../../mcp/server/schema/schema.js";
import { mayUse } from "../../mcp/server/scopes.js";

const completed = outcomeOf<Completed>;

/** True if anything on this server has completions. */
export function completes(server: McpServer): boolean {
  for (const { resourceTemplate } of server.registry.templates.values()) if (resourceTemplate.completes) return true;
  for (const { argsSchema } of server.registry.prompts.values())
    if (membersOf(argsSchema).some(completerOf)) return true;
  return false;
}

/* Returns completions. The outcome is `Completed` of `src/flow/registry.rs`. */
export async function complete(
  server: McpServer,
  effect: CompleteEffect,
  { access, limits }: AdmittedRequest,
): Promise<Outcome> {
  const { argument, value, known, most } = effect;
  const completer = find(server, effect, access);
  if (completer === null) return completed("unknown");
  if (!completer) {
    return completed(completes(server) || declares(server) ? { values: { values: [], total: 0 } } : "absent");
  }
  try {
    const name = `The completion of "${argument}"`;
    const values = await awaited(name, limits.callback, () => completer(value, known && { arguments: known }));
    return completed({ values: { values: values.slice(0, most).map(String), total: values.length } });
  } catch (error) {
    return completed({ threw: logged(`The completion of "${argument}" failed`, error) });
  }
}

const declares = ({ options }: McpServer): boolean => options.capabilities?.completions !== undefined;

/**
 * The completion function; undefined if the argument has none, null if there is no such prompt or template that the
 * caller may use, because completions may reveal as much as the thing itself.
 */
function find(
  { registry }: McpServer,
  effect: CompleteEffect,
  access: Access,
): CompleteCallback<string> | undefined | null {
  const { argument } = effect;
  if ("prompt" in effect) {
    const found = registry.prompts.get(effect.prompt);
    if (!found?.enabled || !mayUse(found, access)) return null;
    return found.argsSchema && completerOf(memberOf(found.argsSchema, argument));
  }
  const { template } = effect;
  for (const { enabled, metadata, resourceTemplate } of registry.templates.values()) {
    if (enabled && mayUse(metadata ?? {}, access) && resourceTemplate.uriTemplate.toString() === template) {
      return resourceTemplate.completeCallback(argument);
    }
  }
  // A URI that is not a template has nothing to complete.
  return registry.resources.get(template)?.enabled ? undefined : null;
}

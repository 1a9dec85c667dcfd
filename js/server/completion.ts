/** The effect "complete": values for an argument of a prompt, or for a variable of a template. */
import { awaited } from "../callback.js";
import type { Passage } from "../endpoint.js";
import { logged } from "../errors.js";
import type { Pass } from "../guard.js";
import type { Outcome } from "../run.js";
import type { CompleteEffect } from "../wire.js";
import { type CompleteCallback, completerOf } from "./completable.js";
import type { McpServer } from "./mcp-server.js";
import { memberOf, membersOf } from "./schema.js";
import { mayUse } from "./scopes.js";

/** True if anything on this server completes. */
export function completes({ registry }: McpServer): boolean {
  for (const { resourceTemplate } of registry.templates.values()) if (resourceTemplate.completes) return true;
  for (const { argsSchema } of registry.prompts.values()) if (membersOf(argsSchema).some(completerOf)) return true;
  return false;
}

/** Completes. The outcome is `Completed` of `src/flow/registry.rs`. */
export async function complete(server: McpServer, effect: CompleteEffect, { pass, limits }: Passage): Promise<Outcome> {
  const { argument, value, known, most } = effect;
  const completer = find(server, effect, pass);
  if (completer === null) return { json: '{"unknown":true}' };
  if (!completer)
    return { json: completes(server) || declares(server) ? '{"values":[],"total":0}' : '{"absent":true}' };
  try {
    const name = `The completion of "${argument}"`;
    const values = await awaited(name, limits.callback, () => completer(value, known && { arguments: known }));
    return { json: JSON.stringify({ values: values.slice(0, most).map(String), total: values.length }) };
  } catch (error) {
    return { json: JSON.stringify({ threw: logged(`Completing "${argument}" threw`, error) }) };
  }
}

const declares = ({ options }: McpServer): boolean => options.capabilities?.completions !== undefined;

/**
 * What completes; nothing where the argument has no completion, null where there is no such prompt or template that the
 * caller may use: values may tell as much as what they are for.
 */
function find(
  { registry }: McpServer,
  { prompt, template, argument }: CompleteEffect,
  pass: Pass,
): CompleteCallback<string> | undefined | null {
  if (prompt !== undefined) {
    const found = registry.prompts.get(prompt);
    if (!found?.enabled || !mayUse(found, pass)) return null;
    return found.argsSchema && completerOf(memberOf(found.argsSchema, argument));
  }
  for (const { enabled, metadata, resourceTemplate } of registry.templates.values()) {
    if (enabled && mayUse(metadata ?? {}, pass) && resourceTemplate.uriTemplate.toString() === template) {
      return resourceTemplate.completeCallback(argument);
    }
  }
  // A URI that is no template has nothing to complete.
  return template !== undefined && registry.resources.get(template)?.enabled ? undefined : null;
}

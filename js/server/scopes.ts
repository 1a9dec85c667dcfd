/** Scopes that tools (and whatever else is registered) ask of their callers. */
import type { Pass } from "../guard.js";
import type { Registry } from "./registered.js";

/** Something that only callers with certain scopes may use. */
export interface Scoped {
  /** The scopes that a caller needs, all of them. Others do not see it, and are told which scopes to ask for. */
  scopes?: readonly string[] | undefined;
}

/** True if the caller has the scopes. Where nothing tells who is calling nobody has any. */
export function mayUse({ scopes }: Scoped, pass: Pass | undefined): boolean {
  if (scopes === undefined || scopes.length === 0) return true;
  const granted = pass?.caller?.scopes;
  return granted !== undefined && scopes.every((scope) => granted.has(scope));
}

/** What the resources of a server need, by URI and by template; nothing where everybody may see all of them. */
export function scopedIn({ resources, templates }: Registry): object | undefined {
  const needs = ({ scopes = [] }: Scoped = {}) => scopes.join(" ");
  const own = [...resources.values()].map(({ uri, metadata }) => [uri, needs(metadata)] as const);
  const through = [...templates.values()]
    .filter(({ enabled }) => enabled)
    .map(({ resourceTemplate, metadata }) => [resourceTemplate.uriTemplate.toString(), needs(metadata)] as const);
  if ([...own, ...through].every(([, scopes]) => scopes === "")) return undefined;
  return { resources: own, templates: through };
}

/** Callers as the options of a guard make them. */
import { callback, limitOf } from "../callback.js";
import type { Caller } from "../guard.js";
import type { BearerGuardOptions } from "./bearer-guard.js";

/** `caller` with the props that `context` makes, and with the scopes that its scopes imply. */
export function ofCaller<Env>(
  caller: Caller,
  env: Env,
  { context, impliedScopes, callbackTimeout }: BearerGuardOptions<Env>,
): Caller | Promise<Caller> {
  const scopes = impliedScopes ? withImplied(caller.scopes, impliedScopes) : caller.scopes;
  const made = (props: Record<string, unknown>): Caller => ({ ...caller, scopes, props });
  if (!context) return made(caller.props);
  const props = callback("context of protect", limitOf(callbackTimeout, "protect"), () =>
    context(caller.props, { env }),
  );
  return props instanceof Promise ? props.then(made) : made(props);
}

/** More scopes than anybody has; a function that always names new ones ends here. */
const MAX_SCOPES = 1000;

/** The scopes, those that they imply, those that these imply, and so on. */
function withImplied(scopes: ReadonlySet<string>, impliedScopes: (scope: string) => readonly string[]): Set<string> {
  const all = new Set(scopes);
  // A set shows what is added while it is walked.
  for (const scope of all) {
    if (all.size > MAX_SCOPES) break;
    for (const implied of impliedScopes(scope)) all.add(implied);
  }
  return all;
}

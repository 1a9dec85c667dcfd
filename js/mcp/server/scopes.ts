/** Scopes that tools (and everything else that is registered) require of their callers. */
import type { Access } from "../../auth/guard.js";

/** Something that only callers with certain scopes may use. */
export interface Scoped {
  /** The scopes that a caller needs, all of them. Others do not see it, and are told which scopes to ask for. */
  scopes?: readonly string[] | undefined;
}

/** True if the caller has the scopes. Without a guard nobody has any. */
export function mayUse({ scopes }: Scoped, access: Access | undefined): boolean {
  if (scopes === undefined || scopes.length === 0) return true;
  const granted = access?.caller?.scopes;
  return granted !== undefined && scopes.every((scope) => granted.has(scope));
}

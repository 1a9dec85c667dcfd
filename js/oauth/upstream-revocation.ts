/**
 * Revokes upstream credentials that are no longer needed, when an object's alarm finds some (`src/oauth/object/credential_revocation.rs`),
 * through the providers that the Worker creates when it loads.
 */
import { logged } from "../common/errors.js";
import type { AlarmHandler } from "../objects/flow-role.js";
import type { RoleObject } from "../objects/roles.js";
import type { DueRevocations, SettledRevocations } from "../boundary/wire.js";

/** Revokes its own credentials among these; says which ones need no further attempt. */
export type UpstreamRevoker = (due: DueRevocations, object: RoleObject) => Promise<SettledRevocations>;

const revokers: UpstreamRevoker[] = [];
/** Maximum number of providers: a Worker that creates one for each request has the latest. */
const MAX_REVOKERS = 32;

/** Called when a provider is created. */
export function provideUpstreamRevoker(revoker: UpstreamRevoker): void {
  revokers.push(revoker);
  if (revokers.length > MAX_REVOKERS) revokers.shift();
}

/** In the object: the credentials that are due are revoked, each by its provider. */
export const revokeUpstream: AlarmHandler = async (object, ask) => {
  const due = (await ask("due", {})) as DueRevocations;
  if (due.due.length === 0) return;
  const settled: string[] = [];
  for (const revoker of revokers) {
    try {
      settled.push(...(await revoker(due, object)).settled);
    } catch (error) {
      logged("An upstream credential could not be revoked", error);
    }
  }
  for (const { id, last, origin } of due.due) {
    if (last && !settled.includes(id)) {
      console.error(
        `[mcp-wicket] A credential of ${origin.upstream} was not revoked: no provider of this Worker uses it.`,
      );
    }
  }
  if (settled.length > 0) await ask("settled", { settled });
};

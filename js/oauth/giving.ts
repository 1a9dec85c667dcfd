/**
 * Giving upstream credentials back that nobody needs any more, when an object's alarm finds some (`src/oauth/giving.rs`). Who
 * can do it are the providers that the Worker makes when it loads.
 */
import { logged } from "../errors.js";
import type { Over } from "../objects/flow-role.js";
import type { RoleObject } from "../objects/roles.js";
import type { Due, Settled } from "./wire.js";

/** Gives back what of it is its own; says which needs no further try. */
export type Giver = (due: Due, object: RoleObject) => Promise<Settled>;

const givers: Giver[] = [];
/** A Worker that makes one for each request has the latest. */
const MAX_GIVERS = 32;

/** Called when a provider is made. */
export function provideGiver(giver: Giver): void {
  givers.push(giver);
  if (givers.length > MAX_GIVERS) givers.shift();
}

/** In the object: what is due goes back, by whoever it belongs to. */
export const giveBack: Over = async (object, ask) => {
  const due = (await ask("due", {})) as Due;
  if (due.due.length === 0) return;
  const settled: string[] = [];
  for (const giver of givers) {
    try {
      settled.push(...(await giver(due, object)).settled);
    } catch (error) {
      logged("An upstream credential could not be given back", error);
    }
  }
  for (const { id, last, upstream = "" } of due.due) {
    if (last && !settled.includes(id)) {
      console.error(`[mcp-wicket] A credential of ${upstream} was not given back: no provider of this Worker has it.`);
    }
  }
  if (settled.length > 0) await ask("settled", { settled });
};

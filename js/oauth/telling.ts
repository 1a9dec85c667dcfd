/**
 * What an object has decided and the Worker has not told in time, told by the object's alarm (`src/oauth/outbox.rs`): to the list
 * of revocations, and to `audit` of the providers that the Worker makes when it loads.
 */
import { logged } from "../errors.js";
import { fellowsOf } from "../objects/find.js";
import type { Over } from "../objects/flow-role.js";
import { type RoleStub, askObject } from "../objects/objects.js";
import type { AuditEvent } from "./options.js";
import { LIST } from "./revocations.js";
import type { Untold } from "./wire.js";

/** Keeps an event for the operator; rejects where it could not. */
export type Teller = (event: AuditEvent, env: unknown) => Promise<void>;

const tellers = new Map<string, Teller>();
/** As many as there are givers. */
const MAX_TELLERS = 32;

/** Called when a provider is made; one of the same name takes its place. */
export function provideTeller(name: string, teller: Teller): void {
  tellers.delete(name);
  tellers.set(name, teller);
  if (tellers.size > MAX_TELLERS) for (const first of tellers.keys()) if (tellers.delete(first)) break;
}

/** An event as the operator gets it. */
export const auditEvent = (time: number, event: { event: string }): AuditEvent => ({
  time: new Date(time).toISOString(),
  ...event,
});

/** In the object: what is due is told, and what has arrived is due no more. */
export const tellAgain: Over = async ({ ctx, env, className }, ask) => {
  const { ended, until, events } = (await ask("untold", {})) as Untold;
  const told: string[] = [];
  if (ended.length > 0) {
    try {
      const list = fellowsOf<RoleStub>(ctx, env, className);
      await askObject(list, LIST, "append", JSON.stringify({ grants: ended, until }));
      told.push(...ended.map((grant) => `ended:${grant}`));
    } catch (error) {
      logged("The list of revocations could not be told of grants that have ended", error);
    }
  }
  for (const { id, teller: name, event, last } of events) {
    const teller = tellers.get(name);
    try {
      if (!teller) throw new Error("no provider of this Worker keeps it");
      await teller(auditEvent(event.at, event), env);
      told.push(id);
    } catch (error) {
      logged(`An audit event could not be delivered${last ? ", and is not tried again" : ""}`, error);
    }
  }
  if (told.length > 0) await ask("told", { told });
};

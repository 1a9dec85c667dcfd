/**
 * Delivers what an object has decided and the Worker has not delivered in time, from the object's alarm
 * (`src/oauth/object/outbox.rs`): to the revocation list, and to `audit` of the providers that the Worker creates when it
 * loads.
 */
import { logged } from "../common/errors.js";
import { siblingsOf } from "../objects/find.js";
import type { AlarmHandler } from "../objects/flow-role.js";
import { type RoleStub, askObject } from "../objects/objects.js";
import type { AuditEvent } from "./options.js";
import { LIST } from "./revocations.js";
import type { UndeliveredEntries } from "../boundary/wire.js";

/** Stores an event for the operator; rejects if it could not be stored. */
export type AuditSink = (event: AuditEvent, env: unknown) => Promise<void>;

const sinks = new Map<string, AuditSink>();
/** The same as the number of revokers. */
const MAX_SINKS = 32;

/** Called when a provider is created; it replaces one of the same name. */
export function provideAuditSink(name: string, sink: AuditSink): void {
  sinks.delete(name);
  sinks.set(name, sink);
  if (sinks.size > MAX_SINKS) for (const first of sinks.keys()) if (sinks.delete(first)) break;
}

/** An event as the operator receives it. */
export const auditEvent = (time: number, event: { event: string }): AuditEvent => ({
  time: new Date(time).toISOString(),
  ...event,
});

/** In the object: delivers what is due, and confirms what has arrived. */
export const deliverOutbox: AlarmHandler = async ({ ctx, env, className }, ask) => {
  const { ended, until, events } = (await ask("undelivered", {})) as UndeliveredEntries;
  const delivered: string[] = [];
  if (ended.length > 0) {
    try {
      const list = siblingsOf<RoleStub>(ctx, env, className);
      await askObject(list, LIST, "append", JSON.stringify({ grants: ended, until }));
      delivered.push(...ended.map((grant) => `ended:${grant}`));
    } catch (error) {
      logged("Ended grants could not be added to the revocation list", error);
    }
  }
  for (const { id, sink: name, event, last } of events) {
    const sink = sinks.get(name);
    try {
      if (!sink) throw new Error("no provider of this Worker stores it");
      await sink(auditEvent(event.at, event), env);
      delivered.push(id);
    } catch (error) {
      logged(`An audit event could not be delivered${last ? ", and is not retried" : ""}`, error);
    }
  }
  if (delivered.length > 0) await ask("delivered", { ids: delivered });
};

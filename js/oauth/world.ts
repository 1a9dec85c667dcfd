/** The world of the authorization server's flows, for one request. */
import { awaited } from "../common/callback.js";
import { now } from "../common/clock.js";
import { performDocument } from "../boundary/effects/document.js";
import { performFetch } from "../boundary/effects/fetch.js";
import { performLoad, performStore } from "../boundary/effects/kv.js";
import { type RateLimiter, performTally } from "../boundary/effects/tally.js";
import { performNewKey } from "../boundary/effects/sign.js";
import { performVerify } from "../boundary/effects/verify.js";
import { WicketError, logged } from "../common/errors.js";
import { cleaned } from "../common/refusals.js";
import type { IdentityHandler } from "./identity/identity.js";
import { type RoleStub, askObject } from "../objects/objects.js";
import type { Outcome, World } from "../boundary/world.js";
import type { Commit, Effect, ReceiptCommit } from "../boundary/wire.js";
import type { AuditEvent, OAuthProviderOptions } from "./options.js";
import type { RevocationList } from "./revocation-list.js";
import { AUDIT_READER, type AuditReader } from "./d1-audit.js";
import { LIST } from "./revocations.js";
import { auditEvent } from "./outbox.js";

/** A request, and what belongs to it. */
export interface OAuthWorldInit<Env> {
  readonly request: Request;
  readonly env: Env;
  readonly ctx: ExecutionContext;
  readonly objects: DurableObjectNamespace<RoleStub>;
  readonly kv: KVNamespace | undefined;
  readonly handler: IdentityHandler<Env>;
  readonly revocations: RevocationList;
  /** This isolate's copy of the signing keys. */
  readonly ring: { kept?: { at: number; text: string } };
  readonly limiter: RateLimiter | undefined;
  readonly auditRequired: boolean;
  readonly audit: OAuthProviderOptions<Env>["audit"];
  /** The time limit of the app's functions, in seconds. */
  readonly callbackTimeout: number;
}

export class OAuthWorld<Env> implements World {
  readonly #init: OAuthWorldInit<Env>;
  /** Whether each event of this request has been delivered. */
  readonly #deliveries: Promise<boolean>[] = [];

  constructor(init: OAuthWorldInit<Env>) {
    this.#init = init;
  }

  async perform(effect: Effect): Promise<Outcome> {
    const { objects, kv, handler, request, env, ctx, revocations, callbackTimeout } = this.#init;
    switch (effect.kind) {
      case "ask": {
        if (effect.object === LIST && effect.call === "append") {
          const { grants } = effect.input as { grants: string[] };
          // This isolate's copy of the list says so already.
          if (grants.every((grant) => revocations.hasEnded(grant))) return { json: "true" };
        }
        const json = await askObject(objects, effect.object, effect.call, JSON.stringify(effect.input));
        if (effect.call === "sign-with") this.#init.ring.kept = { at: now(), text: json };
        if (effect.object === LIST && effect.call === "rule") {
          const { rule, before, until } = effect.input as { rule: string; before: number; until: number };
          revocations.addRule(rule, before, until);
        } else if (effect.object === LIST) {
          const { grants, until } = effect.input as { grants: string[]; until: number };
          revocations.addEnded(grants, until);
        }
        return { json };
      }
      case "load":
        return { json: await awaited("get of kv", callbackTimeout, () => performLoad(kv, effect.key)) };
      case "tally":
        return { json: await performTally(effect, this.#init.limiter, callbackTimeout) };
      case "fetch":
        return { json: await performFetch(effect) };
      case "document":
        return { json: await performDocument(effect) };
      case "verify":
        return await performVerify(effect);
      case "ring": {
        const { ring } = this.#init;
        if (!ring.kept || ring.kept.at < effect.since) {
          const at = now();
          ring.kept = { at, text: await askObject(objects, "keyring", "signing", "null") };
        }
        return { json: ring.kept.text };
      }
      case "audit-rows": {
        const { [AUDIT_READER]: read } = (this.#init.audit ?? {}) as { [AUDIT_READER]?: AuditReader<Env> };
        const { after, limit } = effect;
        const page = read && (await awaited("the database of d1Audit", callbackTimeout, () => read(env, after, limit)));
        return { json: JSON.stringify(page ?? null) };
      }
      case "new-key":
        return performNewKey(effect);
      default:
        return awaited(`${effect.kind} of ${handler.label ?? "defaultHandler"}`, callbackTimeout, () => {
          if (!handler.perform) throw new Error(`there is no "${effect.kind}" here`);
          return handler.perform(effect, { request, env, ctx });
        });
    }
  }

  async commit(commit: Commit, all: readonly Commit[]): Promise<void> {
    const { kv, ctx, callbackTimeout } = this.#init;
    switch (commit.kind) {
      case "store":
        return awaited("put of kv", callbackTimeout, () => performStore(kv, commit));
      case "keep": {
        const { key, value, seconds } = commit;
        const keeping = kv?.put(key, value, { expirationTtl: seconds });
        if (keeping) ctx.waitUntil(keeping.catch((error: unknown) => logged("A copy could not be stored", error)));
        return;
      }
      case "audit":
        return this.#deliver(auditEvent(now(), commit.event as { event: string }), all);
      case "receipt":
        ctx.waitUntil(this.#confirmDelivery(commit));
        return;
      default:
        throw new Error(`there is no "${commit.kind}" here`);
    }
  }

  /**
   * A failed delivery is an error only with `auditRequired`. A link of a chain contains no untrusted text, and stays
   * unchanged so that it can be verified; everything else is truncated and cleaned.
   */
  async #deliver(given: AuditEvent, all: readonly Commit[]): Promise<void> {
    const { audit, auditRequired, env, ctx, callbackTimeout } = this.#init;
    const event = given.mac === undefined ? cleaned(given) : given;
    console.log(JSON.stringify({ wicket: "audit", ...event }));
    if (!audit) return;
    const delivery = awaited("audit of OAuthProvider", callbackTimeout, () => audit(event, env));
    this.#deliveries.push(
      delivery.then(
        () => true,
        () => false,
      ),
    );
    if (auditRequired) {
      await delivery.catch(async (error: unknown) => {
        await this.#reportUnanswered(all);
        throw new WicketError("ERR_AUDIT", "An audit event could not be delivered.", { cause: error });
      });
      return;
    }
    ctx.waitUntil(delivery.catch((error: unknown) => logged("An audit event could not be delivered", error)));
  }

  /** The response is not sent: the object that has decided is informed, so that the client may try again. */
  async #reportUnanswered(all: readonly Commit[]): Promise<void> {
    for (const commit of all) {
      if (commit.kind !== "receipt") continue;
      try {
        await askObject(this.#init.objects, commit.object, "undeliverable", JSON.stringify(commit.input));
      } catch (error) {
        logged("An object could not be notified that its answer was not sent", error);
      }
    }
  }

  /** If this fails, the object delivers the same again. */
  async #confirmDelivery({ object, call, input }: ReceiptCommit): Promise<void> {
    const delivered = await Promise.all(this.#deliveries);
    if (delivered.includes(false)) return;
    try {
      await askObject(this.#init.objects, object, call, JSON.stringify(input));
    } catch (error) {
      logged("An object could not be notified that its events were delivered", error);
    }
  }
}

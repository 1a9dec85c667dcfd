/** What the flows of the authorization server may touch, during one request. */
import { awaited } from "../callback.js";
import { now } from "../clock.js";
import { performDocument } from "../effects/document.js";
import { performFetch } from "../effects/fetch.js";
import { performLoad, performStore } from "../effects/kv.js";
import { type RateLimiter, performTally } from "../effects/tally.js";
import { performNewKey } from "../effects/sign.js";
import { performVerify } from "../effects/verify.js";
import { WicketError, logged } from "../errors.js";
import { cleaned } from "../refusals.js";
import type { IdentityHandler } from "../handlers/identity.js";
import { type RoleStub, askObject } from "../objects/objects.js";
import type { Outcome, World } from "../run.js";
import type { Commit, Effect, ReceiptCommit } from "../wire.js";
import type { AuditEvent, OAuthProviderOptions } from "./options.js";
import type { Followed } from "./followed.js";
import { LIST } from "./revocations.js";
import { auditEvent } from "./telling.js";

/** A request, and what belongs to it. */
export interface Surroundings<Env> {
  readonly request: Request;
  readonly env: Env;
  readonly ctx: ExecutionContext;
  readonly objects: DurableObjectNamespace<RoleStub>;
  readonly kv: KVNamespace | undefined;
  readonly handler: IdentityHandler<Env>;
  readonly followed: Followed;
  /** What this isolate knows of the signing keys. */
  readonly ring: { kept?: { at: number; text: string } };
  readonly limiter: RateLimiter | undefined;
  readonly auditRequired: boolean;
  readonly audit: OAuthProviderOptions<Env>["audit"];
  /** How long a function of the app's may take, in seconds. */
  readonly callbackTimeout: number;
}

export class OAuthWorld<Env> implements World {
  readonly #around: Surroundings<Env>;
  /** For each event of this request, whether it has arrived. */
  readonly #deliveries: Promise<boolean>[] = [];

  constructor(around: Surroundings<Env>) {
    this.#around = around;
  }

  async perform(effect: Effect): Promise<Outcome> {
    const { objects, kv, handler, request, env, ctx, followed, callbackTimeout } = this.#around;
    switch (effect.kind) {
      case "ask": {
        if (effect.object === LIST && effect.call === "append") {
          const { grants } = effect.input as { grants: string[] };
          // The list says so already, as far as this isolate knows it.
          if (grants.every((grant) => followed.has(grant))) return { json: "true" };
        }
        const json = await askObject(objects, effect.object, effect.call, JSON.stringify(effect.input));
        if (effect.call === "sign-with") this.#around.ring.kept = { at: now(), text: json };
        if (effect.object === LIST && effect.call === "rule") {
          const { rule, before, until } = effect.input as { rule: string; before: number; until: number };
          followed.noteRule(rule, before, until);
        } else if (effect.object === LIST) {
          const { grants, until } = effect.input as { grants: string[]; until: number };
          followed.note(grants, until);
        }
        return { json };
      }
      case "load":
        return { json: await awaited("get of kv", callbackTimeout, () => performLoad(kv, effect.key)) };
      case "tally":
        return { json: await performTally(effect, this.#around.limiter, callbackTimeout) };
      case "fetch":
        return { json: await performFetch(effect) };
      case "document":
        return { json: await performDocument(effect) };
      case "verify":
        return await performVerify(effect);
      case "ring": {
        const { ring } = this.#around;
        if (!ring.kept || ring.kept.at < effect.since) {
          const at = now();
          ring.kept = { at, text: await askObject(objects, "keyring", "signing", "null") };
        }
        return { json: ring.kept.text };
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
    const { kv, ctx, callbackTimeout } = this.#around;
    switch (commit.kind) {
      case "store":
        return awaited("put of kv", callbackTimeout, () => performStore(kv, commit));
      case "keep": {
        const { key, value, seconds } = commit;
        const keeping = kv?.put(key, value, { expirationTtl: seconds });
        if (keeping) ctx.waitUntil(keeping.catch((error: unknown) => logged("A copy could not be kept", error)));
        return;
      }
      case "audit":
        return this.#tell(auditEvent(now(), commit.event as { event: string }), all);
      case "receipt":
        ctx.waitUntil(this.#receive(commit));
        return;
      default:
        throw new Error(`there is no "${commit.kind}" here`);
    }
  }

  /**
   * Audit is the reason for an error only where the operator wants it so. A link of a chain has no words of strangers, and
   * stays as it is, so that it can be verified; all else is cut and cleaned.
   */
  async #tell(given: AuditEvent, all: readonly Commit[]): Promise<void> {
    const { audit, auditRequired, env, ctx, callbackTimeout } = this.#around;
    const event = given.mac === undefined ? cleaned(given) : given;
    console.log(JSON.stringify({ wicket: "audit", ...event }));
    if (!audit) return;
    const telling = awaited("audit of OAuthProvider", callbackTimeout, () => audit(event, env));
    this.#deliveries.push(
      telling.then(
        () => true,
        () => false,
      ),
    );
    if (auditRequired) {
      await telling.catch(async (error: unknown) => {
        await this.#takeBack(all);
        throw new WicketError("ERR_AUDIT", "An audit event could not be delivered.", { cause: error });
      });
      return;
    }
    ctx.waitUntil(telling.catch((error: unknown) => logged("An audit event could not be delivered", error)));
  }

  /** The answer is not given: the object that has decided hears of it, so that the client may ask again. */
  async #takeBack(all: readonly Commit[]): Promise<void> {
    for (const commit of all) {
      if (commit.kind !== "receipt") continue;
      try {
        await askObject(this.#around.objects, commit.object, "unanswered", JSON.stringify(commit.input));
      } catch (error) {
        logged("An object could not be told that its answer was not given", error);
      }
    }
  }

  /** Where it does not get there, the object tells once more what has been told. */
  async #receive({ object, call, input }: ReceiptCommit): Promise<void> {
    const delivered = await Promise.all(this.#deliveries);
    if (delivered.includes(false)) return;
    try {
      await askObject(this.#around.objects, object, call, JSON.stringify(input));
    } catch (error) {
      logged("An object could not be told that its news have arrived", error);
    }
  }
}

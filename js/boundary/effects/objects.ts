/** The effects of flows that only need objects: the server's keys, and calls of objects. */
import type { AgentContext } from "../../mcp/agent/base.js";
import type { AdmittedRequest } from "../../mcp/endpoint.js";
import { EffectFailure, WicketError } from "../../common/errors.js";
import { keysOf } from "../../objects/keys.js";
import type { Namespace } from "../../objects/namespace.js";
import { type RoleStub, askObject, objectsOf } from "../../objects/objects.js";
import type { Outcome, World } from "../world.js";
import type { Effect } from "../wire.js";

export class ObjectsWorld implements World {
  readonly admitted: AdmittedRequest;
  readonly ctx: AgentContext;

  constructor(admitted: AdmittedRequest, ctx: AgentContext) {
    this.admitted = admitted;
    this.ctx = ctx;
  }

  /** The objects with our roles. Throws or rejects with `ERR_NO_OBJECT` if there are none. */
  objects(): Namespace<RoleStub> | Promise<Namespace<RoleStub>> {
    return objectsOf(this.ctx, this.admitted.env, this.admitted.place);
  }

  /** True if there are objects with our roles. */
  async hasObjects(): Promise<boolean> {
    try {
      await this.objects();
      return true;
    } catch {
      return false;
    }
  }

  /** Calls an object in its role; the answer is JSON text. */
  async askObject(object: string, call: string, input: unknown): Promise<string> {
    return askObject(await this.objects(), object, call, JSON.stringify(input));
  }

  async #ask(object: string, call: string, input: unknown): Promise<Outcome> {
    try {
      return { json: await this.askObject(object, call, input) };
    } catch (error) {
      if (!(error instanceof WicketError) || error.code !== "ERR_NO_OBJECT") throw error;
      throw new EffectFailure("absent", error.message, { cause: error });
    }
  }

  perform(effect: Effect): Promise<Outcome> | Outcome {
    switch (effect.kind) {
      case "ask":
        return this.#ask(effect.object, effect.call, effect.input);
      case "reach":
        // A call may begin to listen for its cancellation a little later.
        return this.#ask(effect.object, "reach", {
          tag: effect.tag,
          message: effect.message,
          lasts: effect.cancels !== undefined,
        });
      case "listening":
        return this.#ask(effect.object, "listening", null);
      case "root-key":
        return this.#rootKey();
      default:
        throw new Error(`an endpoint has no "${effect.kind}"`);
    }
  }

  async #rootKey(): Promise<Outcome> {
    const { core, env } = this.admitted;
    const root = await keysOf(env, () => this.objects()).catch((error: unknown) => {
      // There is neither a secret nor an object: the server does without keys.
      if (error instanceof WicketError && error.code === "ERR_NO_OBJECT") return null;
      throw error;
    });
    core.setRootKey(root);
    return { json: JSON.stringify(root) };
  }

  commit(): Promise<void> {
    return Promise.reject(new Error("an endpoint writes nothing"));
  }
}

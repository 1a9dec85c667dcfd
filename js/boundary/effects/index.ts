/**
 * The effects of a request to a server, each with its interpreter; those of the authorization server are in
 * `oauth/world.ts`.
 */
import { cancelLocal } from "../../mcp/server/running-calls.js";
import { ServerWorld } from "../../mcp/server/world.js";
import type { Effect } from "../wire.js";
import type { Outcome } from "../world.js";
import { callTool } from "./call.js";
import { complete } from "./complete.js";
import { describe } from "./describe.js";
import { getPrompt } from "./get.js";
import { list } from "./list.js";
import { listen } from "./listen.js";
import { readResource } from "./read.js";

export class McpWorld extends ServerWorld {
  /** Calls of objects, for a flow that starts again. */
  #asked: Map<string, Promise<Outcome> | Outcome> | undefined;

  override perform(effect: Effect): Promise<Outcome> | Outcome {
    switch (effect.kind) {
      case "call":
        return callTool(this.server, effect, this);
      case "list":
        return list(this.server, effect, this);
      case "get":
        return getPrompt(this.server, effect, this);
      case "read":
        return readResource(this.server, effect, this);
      case "complete":
        return complete(this.server, effect, this.admitted);
      case "describe":
        return this.hasObjects().then((listens) => describe(this.server, listens));
      case "listen":
        return listen(this, this.outgoing, effect);
      case "reach":
        if (effect.cancels !== undefined) cancelLocal(effect.object, effect.tag);
        // Without objects, nobody waits anywhere else.
        return this.hasObjects().then((has) => (has ? super.perform(effect) : { json: "false" }));
      default: {
        const key = JSON.stringify(effect);
        const asked = this.#asked?.get(key) ?? super.perform(effect);
        (this.#asked ??= new Map()).set(key, asked);
        return asked;
      }
    }
  }
}

/**
 * The signals of one request's calls, and what aborts them: the client's disconnection, if that cancels the call, and a
 * cancellation in another request. Created when a handler reads its `signal`.
 */
import { logged } from "../../common/errors.js";
import { connect } from "../../objects/sockets.js";
import type { RunEffect, HandlerMessage, HandlerMessageOutcome } from "../../boundary/wire.js";
import { decisionOf } from "./decision.js";
import { onCancel } from "./running-calls.js";
import type { ObjectsWorld } from "../../boundary/effects/objects.js";

/** The part of the request that is needed here. */
interface CancellationWorld extends Pick<ObjectsWorld, "admitted" | "ctx" | "objects" | "hasObjects"> {
  readonly request: Request;
  readonly isStream: boolean;
  report(call: RunEffect, say: HandlerMessage): Promise<HandlerMessageOutcome>;
  clientGone(): void;
  cancel(call: RunEffect): void;
  closed(): void;
}

export class CancellationWatcher {
  readonly #world: CancellationWorld;
  readonly #controllers = new Map<AbortController, RunEffect>();
  /** What to do when the request ends. */
  #cleanUps: (() => void)[] = [];
  #over = false;

  constructor(world: CancellationWorld) {
    this.#world = world;
    world.request.signal.addEventListener("abort", () => world.clientGone());
    warnWithoutSignal(Cloudflare.compatibilityFlags);
  }

  /** A controller whose signal is aborted when `call` is cancelled. */
  watch(call: RunEffect): AbortController {
    const controller = new AbortController();
    this.#controllers.set(controller, call);
    // The client may have disconnected before this.
    if (this.#world.request.signal.aborted) this.#world.clientGone();
    if (call.session !== undefined) {
      this.#watchForCancellation(call).catch((error: unknown) =>
        logged("A call cannot be cancelled by other requests", error),
      );
    }
    return controller;
  }

  /** Waits for a cancellation in another request: in this isolate, and at the session's mailbox. */
  async #watchForCancellation(call: RunEffect): Promise<void> {
    const world = this.#world;
    const watch = decisionOf(await world.report(call, "watch"), "watch");
    if (!watch || this.#over) return;
    const { object, tag, after } = watch;
    // A signal must be aborted in the context of its own request; a promise leads back into it.
    const cancelled = new Promise<void>((resolve) => this.#later(onCancel(object, tag, resolve)));
    void cancelled.then(() => world.cancel(call));
    // Messages about a session that runs in this object arrive here; and without objects none come from elsewhere.
    if ("storage" in world.ctx || !(await world.hasObjects())) return;
    if (after > 0) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, after);
        this.#later(() => clearTimeout(timer));
      });
    }
    const socket = await connect(await world.objects(), object, [tag]);
    socket.addEventListener("message", () => world.cancel(call));
    socket.accept();
    this.#later(() => socket.close(1000, "the call has ended"));
    if (this.#isOver()) this.end();
  }

  #isOver(): boolean {
    return this.#over;
  }

  /** Stores `what` for the end of the request. */
  #later(what: () => void): void {
    this.#cleanUps.push(what);
  }

  /** Stops waiting. */
  end(): void {
    this.#over = true;
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp();
  }

  /** The client has closed its connection; Rust decides what that means. */
  async gone(): Promise<void> {
    const { admitted, isStream } = this.#world;
    // Nothing of a call continues whose result was to be the response, and nobody sees its end.
    if (!isStream && admitted.extra.transport === undefined) for (const cleanUp of this.#cleanUps) cleanUp();
    const cancelling = [...this.#controllers].map(async ([controller, call]) => {
      if ((await this.#world.report(call, "gone")) === "cancel") this.#cancel(controller);
    });
    await Promise.all(cancelling);
  }

  /** Aborts the signals of `call`. */
  cancel(call: RunEffect): void {
    for (const [controller, watched] of this.#controllers) if (watched === call) this.#cancel(controller);
  }

  /** The calls whose signals can be aborted. */
  get calls(): Set<RunEffect> {
    return new Set(this.#controllers.values());
  }

  #cancel(controller: AbortController): void {
    controller.abort(cancellation());
    this.#world.closed();
  }
}

let warned = false;

/** Logs once that signals do not show disconnections, if the Worker's configuration is the reason. */
export function warnWithoutSignal(flags: Readonly<Record<string, boolean>>): void {
  if (warned || flags["enable_request_signal"] === true) return;
  warned = true;
  console.warn(
    "[mcp-wicket] A handler uses its signal, which does not abort when a client disconnects: add " +
      'compatibility_flags = ["enable_request_signal"] to wrangler.toml.',
  );
}

/** The reason of an aborted signal. */
export const cancellation = () => new DOMException("The client has cancelled the request.", "AbortError");

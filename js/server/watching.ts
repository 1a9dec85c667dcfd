/**
 * Signals of the calls of one request, and what fires them: the client that goes away, where that cancels, and a
 * cancellation that arrives with another request. Made when a handler touches its `signal`.
 */
import { logged } from "../errors.js";
import { connect } from "../objects/sockets.js";
import type { RunEffect } from "../wire.js";
import { expectCancel } from "./running.js";
import type { ServerWorld } from "./world.js";

export class Watching {
  readonly #world: ServerWorld;
  readonly #controllers = new Map<AbortController, RunEffect>();
  /** What is to be done when the request ends. */
  #cleanUps: (() => void)[] = [];
  #over = false;

  constructor(world: ServerWorld) {
    this.#world = world;
    world.request.signal.addEventListener("abort", () => world.clientGone());
    warnWithoutSignal(Cloudflare.compatibilityFlags);
  }

  /** A controller whose signal fires when `call` is cancelled. */
  watch(call: RunEffect): AbortController {
    const controller = new AbortController();
    this.#controllers.set(controller, call);
    // The client may have gone before anybody wanted to know.
    if (this.#world.request.signal.aborted) this.#world.clientGone();
    if (call.session !== undefined) {
      this.#hearOfCancelling(call).catch((error: unknown) =>
        logged("A call cannot be cancelled from elsewhere", error),
      );
    }
    return controller;
  }

  /** Waits for a cancellation that arrives with another request: in this isolate, and at the session's mailbox. */
  async #hearOfCancelling(call: RunEffect): Promise<void> {
    const world = this.#world;
    const { watch } = await world.tell(call, { watch: true });
    if (!watch || this.#over) return;
    const { object, tag, after } = watch;
    // Signals fire in the context of their own request: a promise leads back into it.
    const cancelled = new Promise<void>((resolve) => this.#later(expectCancel(object, tag, resolve)));
    void cancelled.then(() => world.cancel(call));
    // What concerns a session that lives in this object comes by here; and without objects nothing comes from elsewhere.
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
    this.#later(() => socket.close(1000, "the call is over"));
    if (this.#isOver()) this.end();
  }

  #isOver(): boolean {
    return this.#over;
  }

  /** Keeps `what` for the end of the request. */
  #later(what: () => void): void {
    this.#cleanUps.push(what);
  }

  /** Nothing more is heard. */
  end(): void {
    this.#over = true;
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp();
  }

  /** The client has closed its connection; the core knows what that means. */
  async gone(): Promise<void> {
    const { passage, isStream } = this.#world;
    // Nothing of a call runs on whose answer was to be the response, and nobody sees its end.
    if (!isStream && passage.told.transport === undefined) for (const cleanUp of this.#cleanUps) cleanUp();
    const told = [...this.#controllers].map(async ([controller, call]) => {
      if ((await this.#world.tell(call, { gone: true })).cancel) this.#cancel(controller);
    });
    await Promise.all(told);
  }

  /** Fires the signals of `call`. */
  cancel(call: RunEffect): void {
    for (const [controller, watched] of this.#controllers) if (watched === call) this.#cancel(controller);
  }

  /** The calls whose signals can fire. */
  get calls(): Set<RunEffect> {
    return new Set(this.#controllers.values());
  }

  #cancel(controller: AbortController): void {
    controller.abort(cancellation());
    this.#world.closed();
  }
}

let warned = false;

/** Says once that signals cannot tell of clients that go away, where the Worker's configuration is the reason. */
export function warnWithoutSignal(flags: Readonly<Record<string, boolean>>): void {
  if (warned || flags["enable_request_signal"] === true) return;
  warned = true;
  console.warn(
    "[mcp-wicket] A handler waits for its signal, which does not fire when a client goes away: add " +
      'compatibility_flags = ["enable_request_signal"] to wrangler.toml.',
  );
}

/** What a signal fires with. */
export const cancellation = () => new DOMException("The client has cancelled the request.", "AbortError");

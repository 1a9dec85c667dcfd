/** Requests to a client on older revisions: sent on the call's own stream; the response may arrive in any isolate. */
import { ToolError, logged } from "../../common/errors.js";
import { connect } from "../../objects/sockets.js";
import type { RunEffect } from "../../boundary/wire.js";
import type { DecisionOf } from "./decision.js";
import { cancellation } from "./cancellation.js";
import type { ServerWorld } from "./world.js";

/**
 * Sends a question of the handler of `call` to the client and waits for the response, wherever it arrives; it rejects when
 * the call is cancelled, and after `timeout` milliseconds.
 */
export async function askClient(
  world: ServerWorld,
  call: RunEffect,
  { send, object, tags, givesUp }: DecisionOf<"request">,
  timeout: number,
  signal?: AbortSignal,
): Promise<unknown> {
  const socket = await connect(await world.objects(), object, tags);
  let timer: ReturnType<typeof setTimeout> | null = null;
  let withdraw = () => {};
  try {
    const arrived = new Promise<string>((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => resolve(String(data)));
      socket.addEventListener("close", () => reject(new Error("The connection to the mailbox was interrupted.")));
      socket.accept();
      const giveUp = (reason: Error) => {
        reject(reason);
        // The client no longer needs to ask its person.
        world
          .sendInOrder(givesUp, call)
          .catch((error: unknown) => logged("A request to the client could not be cancelled", error));
      };
      timer = setTimeout(() => giveUp(new ToolError("The client did not answer in time.")), timeout);
      withdraw = () => giveUp(reasonOf(signal));
    });
    arrived.catch(() => {});
    await world.sendInOrder(send, call);
    if (signal?.aborted) withdraw();
    else signal?.addEventListener("abort", withdraw);
    const message = JSON.parse(await arrived) as { cancel?: true };
    if (message.cancel) {
      world.cancel(call);
      throw cancellation();
    }
    return message;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", withdraw);
    socket.close(1000, "answered");
  }
}

/** The reason of an aborted signal, as an error. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Asking a client on the old wires: a request on the call's own stream, whose response may arrive in any isolate. */
import { ToolError, logged } from "../errors.js";
import { connect } from "../objects/sockets.js";
import type { RunEffect, Told } from "../wire.js";
import { cancellation } from "./watching.js";
import type { ServerWorld } from "./world.js";

/**
 * Sends a question of the handler of `call` to the client and waits for the response, wherever it arrives; it rejects when
 * the call is cancelled, and after `timeout` milliseconds.
 */
export async function askClient(
  world: ServerWorld,
  call: RunEffect,
  { send, object, tags, givesUp }: NonNullable<Told["request"]>,
  timeout: number,
  signal?: AbortSignal,
): Promise<unknown> {
  const socket = await connect(await world.objects(), object, tags);
  let timer: ReturnType<typeof setTimeout> | null = null;
  let takeBack = () => {};
  try {
    const arrived = new Promise<string>((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => resolve(String(data)));
      socket.addEventListener("close", () => reject(new Error("The connection to the mailbox has broken.")));
      socket.accept();
      const giveUp = (reason: Error) => {
        reject(reason);
        // The client need not ask its person any longer.
        world.sendInOrder(givesUp, call).catch((error: unknown) => logged("A question could not be taken back", error));
      };
      timer = setTimeout(() => giveUp(new ToolError("The client has not answered in time.")), timeout);
      takeBack = () => giveUp(reasonOf(signal));
    });
    arrived.catch(() => {});
    await world.sendInOrder(send, call);
    if (signal?.aborted) takeBack();
    else signal?.addEventListener("abort", takeBack);
    const message = JSON.parse(await arrived) as { cancel?: true };
    if (message.cancel) {
      world.cancel(call);
      throw cancellation();
    }
    return message;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", takeBack);
    socket.close(1000, "answered");
  }
}

/** Why a signal has fired, as an error. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}

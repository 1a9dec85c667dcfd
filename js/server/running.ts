import { BOUNDS } from "../bounds.js";

/**
 * Calls that run in this isolate and want to know when they are cancelled: by the object of their session and the tag of
 * their request. Both come from Rust and hold the session's random bits, its principal and the request's id.
 */
const running = new Map<string, Set<() => void>>();

/** Calls whose end was never seen are forgotten, the oldest first. */
const MAX_RUNNING = BOUNDS.running.value;

const keyOf = (object: string, tag: string) => `${object} ${tag}`;

/** From now on `cancel` runs when the call is cancelled by a request to this isolate; what comes back ends that. */
export function expectCancel(object: string, tag: string, cancel: () => void): () => void {
  const key = keyOf(object, tag);
  const known = running.get(key) ?? new Set();
  if (running.size >= MAX_RUNNING) for (const oldest of running.keys()) if (running.delete(oldest)) break;
  running.set(key, known.add(cancel));
  return () => {
    known.delete(cancel);
    if (known.size === 0 && running.get(key) === known) running.delete(key);
  };
}

/** Cancels the calls that wait under this tag here. */
export function cancelHere(object: string, tag: string): void {
  for (const cancel of running.get(keyOf(object, tag)) ?? []) cancel();
}

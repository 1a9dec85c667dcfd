import { BOUNDS } from "../../boundary/caches.js";

/**
 * Running calls in this isolate that want to know if they are cancelled, by the object of their session and the tag of
 * their request. Both come from Rust, and contain the session's random bits, its principal and the request's ID.
 */
const running = new Map<string, Set<() => void>>();

/** Calls whose end was never seen are removed, the oldest first. */
const MAX_RUNNING = BOUNDS.running.value;

const keyOf = (object: string, tag: string) => `${object} ${tag}`;

/** From now on `cancel` runs when a request to this isolate cancels the call; the returned function ends that. */
export function onCancel(object: string, tag: string, cancel: () => void): () => void {
  const key = keyOf(object, tag);
  const known = running.get(key) ?? new Set();
  if (running.size >= MAX_RUNNING) for (const oldest of running.keys()) if (running.delete(oldest)) break;
  running.set(key, known.add(cancel));
  return () => {
    known.delete(cancel);
    if (known.size === 0 && running.get(key) === known) running.delete(key);
  };
}

/** Cancels the calls with this tag in this isolate. */
export function cancelLocal(object: string, tag: string): void {
  for (const cancel of running.get(keyOf(object, tag)) ?? []) cancel();
}

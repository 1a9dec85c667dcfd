/** The effect "load" and the commit "store": the KV namespace. */
import { EffectFailure } from "../../common/errors.js";
import type { StoreCommit } from "../wire.js";

/** Reads `key`; the outcome is the JSON text of the value or `null`. */
export async function performLoad(kv: KVNamespace | undefined, key: string): Promise<string> {
  if (!kv) throw new EffectFailure("failed", "there is no KV namespace");
  return JSON.stringify(await kv.get(key));
}

/** Writes a value. */
export async function performStore(kv: KVNamespace | undefined, commit: StoreCommit): Promise<void> {
  if (!kv) throw new EffectFailure("failed", "there is no KV namespace");
  await kv.put(commit.key, commit.value);
}

/** `mcp-wicket/testing`: the flow that does nothing useful, for tests of what carries the others. */
import { Core } from "../build/testing/index.js";
import { performFetch } from "./effects/fetch.js";
import { performLoad, performStore } from "./effects/kv.js";
import { type World, run } from "./run.js";
import { provideCore, stepsOf } from "./wasm.js";
import type { Failure } from "./wire.js";

provideCore(Core);

/** See `src/probe.rs`, `Script`. */
export interface Script {
  name: string;
  rounds?: ({ fetch: string } | { load: string })[][];
  store?: string;
  trapAt?: number;
}

/** See `src/probe.rs`, `Found`. */
export interface Found {
  name: string;
  outcomes: ({ ok: string } | { failed: Failure })[];
}

const core = stepsOf(new Core({ origins: { allowedOrigins: [], allowedHosts: [] } }), ["probe"]);

/** Runs a probe over the KV namespace `kv`. */
export async function probe(script: Script, kv?: KVNamespace): Promise<Found> {
  const world: World = {
    perform: async (effect) => {
      if (effect.kind === "fetch") return { json: await performFetch(effect) };
      if (effect.kind === "load") return { json: await performLoad(kv, effect.key) };
      throw new Error(`a probe has no "${effect.kind}"`);
    },
    commit: (commit) => performStore(kv, commit),
  };
  const ended = await run<Found>(core.probe, JSON.stringify(script), "", world);
  if (!("done" in ended)) throw new Error("a probe is never spliced");
  return ended.done;
}

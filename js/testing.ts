/** `mcp-wicket/testing`: the flow that does nothing useful, for tests of what carries the others. */
import { Core } from "../build/testing/index.js";
import { type JWTVerifierOptions, optionsText } from "./auth/jwt-options.js";
import { performFetch } from "./effects/fetch.js";
import { performLoad, performStore } from "./effects/kv.js";
import { performVerify } from "./effects/verify.js";
import { type World, run } from "./run.js";
import { provideCore, stepsOf } from "./wasm.js";
import type { Failure, StepMethod } from "./wire.js";

provideCore(Core, 0);

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

const origins = { allowedOrigins: [], allowedHosts: [] };
const core = new Core(JSON.stringify({ origins }));
const steps = stepsOf(core, ["probe"]);

export interface ProbeOptions {
  /** Traps once, in the step that has this many outcomes, and goes on when that step is made again. */
  trapOnceAt?: number;
}

/** Runs a probe over the KV namespace `kv`. */
export async function probe(script: Script, kv?: KVNamespace, { trapOnceAt }: ProbeOptions = {}): Promise<Found> {
  const world: World = {
    perform: async (effect) => {
      if (effect.kind === "fetch") return { json: await performFetch(effect) };
      if (effect.kind === "load") return { json: await performLoad(kv, effect.key) };
      throw new Error(`a probe has no "${effect.kind}"`);
    },
    commit: (commit) =>
      commit.kind === "store" ? performStore(kv, commit) : Promise.reject(new Error("a probe has no rows")),
  };
  const step = trapOnceAt === undefined ? steps.probe : trapOnce(trapOnceAt);
  const ended = await run<Found>(step, JSON.stringify(script), "", world);
  if (!("done" in ended)) throw new Error("a probe is never spliced");
  return ended.done;
}

/** The steps of a probe, of which one is another's that traps. */
function trapOnce(at: number): StepMethod {
  let trapped = false;
  return (input, body, now, later) => {
    const recorded = later ? (JSON.parse(later) as object[]).length : 0;
    if (trapped || recorded !== at) return steps.probe(input, body, now, later);
    trapped = true;
    return steps.probe('{"name":"","trapAt":0}', body, now);
  };
}

/** Bytes of the wasm instance's memory, which never shrinks. */
export async function memory(): Promise<number> {
  return core.memory();
}

/** The payload of a token whose signature is good, whatever it says; nothing if it is refused. For published vectors. */
export async function jws(options: JWTVerifierOptions, token: string): Promise<string | undefined> {
  const { claims: _claims, ...told } = options;
  const made = new Core(JSON.stringify({ origins, verifier: optionsText(told) }));
  if (made.problem !== undefined) return undefined;
  const world: World = {
    perform: (effect) => {
      if (effect.kind !== "verify") throw new Error(`a vector has no "${effect.kind}"`);
      return performVerify(effect);
    },
    commit: () => Promise.reject(new Error("a vector writes nothing")),
  };
  const ended = await run<{ payload?: string }>(stepsOf(made, ["jws"]).jws, "{}", token, world);
  if (!("done" in ended)) throw new Error("a vector is never spliced");
  return ended.done.payload;
}

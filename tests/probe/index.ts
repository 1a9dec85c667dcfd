/** The flow that does nothing useful, for tests of what carries the others; and the signatures of published vectors. */
import { Core } from "../../build/probe/index.js";
import { type JWTVerifierOptions, optionsText } from "../../dist/auth/jwt-options.js";
import { performFetch } from "../../dist/effects/fetch.js";
import { performLoad, performStore } from "../../dist/effects/kv.js";
import { performVerify } from "../../dist/effects/verify.js";
import { type World, run } from "../../dist/run.js";
import { provideCore, stepsOf } from "../../dist/wasm.js";
import type { StepMethod } from "../../dist/wire.js";
import type { Found, ProbeOptions, Script } from "./script.ts";

provideCore(Core, 0);

const origins = { allowedOrigins: [], allowedHosts: [] };
const core = new Core(JSON.stringify({ origins }));
const steps = stepsOf(core, ["probe"]);

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

/** The flow that does nothing useful, for tests of what carries the others; and the signatures of published vectors. */
import { Core } from "../../build/probe/index.js";
import { type JWTVerifierOptions, optionsText } from "../../dist/auth/jwt-options.js";
import { performFetch } from "../../dist/boundary/effects/fetch.js";
import { performLoad, performStore } from "../../dist/boundary/effects/kv.js";
import { performVerify } from "../../dist/boundary/effects/verify.js";
import { run } from "../../dist/boundary/interpreter.js";
import { worldOf } from "../../dist/boundary/world.js";
import { provideCore, stepsOf } from "../../dist/boundary/wasm.js";
import type { StepMethod } from "../../dist/boundary/wire.js";
import type { Found, ProbeOptions, Script } from "./script.ts";

provideCore(Core, 0);

const origins = { allowedOrigins: [], allowedHosts: [] };
const core = new Core({ origins });
const steps = stepsOf(core, ["probe"]);

/** Runs a probe over the KV namespace `kv`. */
export async function probe(script: Script, kv?: KVNamespace, { trapOnceAt }: ProbeOptions = {}): Promise<Found> {
  const world = worldOf(
    {
      fetch: async (effect) => ({ json: await performFetch(effect) }),
      load: async ({ key }) => ({ json: await performLoad(kv, key) }),
    },
    { store: (commit) => performStore(kv, commit) },
  );
  const step = trapOnceAt === undefined ? steps.probe : trapOnce(trapOnceAt);
  return run<Found>(step, JSON.stringify(script), "", world);
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
  const made = new Core({ origins, verifier: optionsText(told) });
  if (made.problem !== undefined) return undefined;
  const world = worldOf({ verify: (effect) => performVerify(effect) });
  return (await run<{ payload?: string }>(stepsOf(made, ["jws"]).jws, "{}", token, world)).payload;
}

/** Finding an object by its name, and calling it. */
import { EffectFailure, WicketError } from "../errors.js";
import { isNamespace } from "./find.js";

/** Where objects are looked for. */
export interface ObjectPlace {
  /** The option `objects`: the name of a binding or of an exported class. */
  objects?: string | undefined;
  /** The app's own agent class, where it has no `WicketObject`. */
  agent?: string | undefined;
}

/** What each of our classes has. */
export interface RoleStub extends Rpc.DurableObjectBranded {
  wicketAsk(name: string, call: string, input: string): Promise<string>;
  fetch(request: Request): Response | Promise<Response>;
}

/** An object that does not answer within this time has not answered. */
const TIMEOUT_MS = 10_000;

/**
 * The class whose objects have our roles: the option, else an exported `WicketObject`, else the agent's class. Which one
 * depends on nothing but the set-up, so that every isolate finds the same. Throws `ERR_NO_OBJECT` with the lines to add.
 */
export function objectsOf(
  ctx: ExecutionContext | DurableObjectState,
  env: unknown,
  { objects, agent }: ObjectPlace,
): DurableObjectNamespace<RoleStub> {
  const bindings = (env ?? {}) as Record<string, unknown>;
  const exported = (ctx as { exports?: Record<string, unknown> }).exports ?? {};
  const candidates =
    objects === undefined
      ? [exported["WicketObject"], agent === undefined ? undefined : exported[agent]]
      : [bindings[objects], exported[objects]];
  for (const candidate of candidates) if (isNamespace<RoleStub>(candidate)) return candidate;
  throw new WicketError("ERR_NO_OBJECT", objects === undefined ? whatToAdd(agent) : notThere(objects));
}

function whatToAdd(agent: string | undefined): string {
  const [name, line] =
    agent === undefined
      ? ["WicketObject", 'export { WicketObject } from "mcp-wicket";']
      : [agent, `export class ${agent} extends McpAgent …`];
  return (
    `This needs a Durable Object. Your Worker's main file must have\n\n${line}\n\n` +
    `and wrangler.toml\n\n[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["${name}"]\n`
  );
}

function notThere(objects: string): string {
  return (
    `There is no Durable Object "${objects}", which the option "objects" names. Give it the name of a binding or of an ` +
    `exported class, and add to wrangler.toml:\n\n[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["${objects}"]\n`
  );
}

/** Calls the object `name`; both ways JSON text. */
export async function askObject(
  namespace: DurableObjectNamespace<RoleStub>,
  name: string,
  call: string,
  input: string,
): Promise<string> {
  let giveUp: (error: EffectFailure) => void = () => {};
  const late = new Promise<never>((_, reject) => (giveUp = reject));
  const timer = setTimeout(() => giveUp(new EffectFailure("timeout", `no answer to "${call}"`)), TIMEOUT_MS);
  try {
    return await Promise.race([namespace.getByName(name).wicketAsk(name, call, input), late]);
  } catch (error) {
    if (error instanceof EffectFailure) throw error;
    throw new EffectFailure("unreachable", `the object failed at "${call}"`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Finding an object by its name, and calling it. */
import { EffectFailure } from "../errors.js";
import { type Namespace, findObjects, isForeign } from "./find.js";
import { notOurs, thrownInObject } from "./missing.js";

/** Where objects are looked for. */
export interface ObjectPlace {
  /** The option `objects`: the name of a binding or of an exported class. */
  objects?: string | undefined;
  /** The app's own agent class, where it has no `WicketObject`. */
  agent?: string | undefined;
  /** Whatever class of ours there is will do, where neither of those is known. */
  any?: true;
}

/** What each of our classes has. */
export interface RoleStub extends Rpc.DurableObjectBranded {
  wicketAsk(name: string, call: string, input: string): Promise<string>;
  fetch(request: Request): Response | Promise<Response>;
}

/** An object that does not answer within this time has not answered. */
const TIMEOUT_MS = 10_000;

/**
 * The objects that have our roles: those that the option names, else of an exported `WicketObject`, else of the agent's
 * class, else of the only class of ours. Throws or rejects with `ERR_NO_OBJECT`, which names what is missing.
 */
export function objectsOf(
  ctx: ExecutionContext | DurableObjectState,
  env: unknown,
  { objects, agent, any }: ObjectPlace,
): Namespace<RoleStub> | Promise<Namespace<RoleStub>> {
  const classes = agent === undefined ? [WICKET_OBJECT] : [WICKET_OBJECT, agent];
  return findObjects<RoleStub>(ctx, env, {
    classes,
    ...(objects !== undefined && { named: named("objects", objects) }),
    ...(any && agent === undefined && { any }),
  });
}

/** The objects of the class of an agent that lives in one: those that the option names, else the class's own. */
export function agentsOf<T extends Rpc.DurableObjectBranded>(
  ctx: ExecutionContext,
  env: unknown,
  agent: string,
  binding: string | undefined,
): Namespace<T> | Promise<Namespace<T>> {
  return findObjects<T>(ctx, env, {
    classes: [agent],
    ...(binding !== undefined && { named: named("binding", binding) }),
  });
}

const WICKET_OBJECT = "WicketObject";

const named = (option: "objects" | "binding", name: string) => ({ option, name });

/** Calls the object `name`; both ways JSON text. */
export async function askObject(
  namespace: Namespace<RoleStub>,
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
    if (isForeign(error)) throw notOurs(error);
    const thrown = thrownInObject(error);
    if (thrown) throw thrown;
    throw new EffectFailure("unreachable", `the object failed at "${call}"`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

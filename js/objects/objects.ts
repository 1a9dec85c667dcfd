/** Finds an object by its name, and calls it. */
import { EffectFailure } from "../common/errors.js";
import { findObjects, isOtherWorkers } from "./find.js";
import type { Namespace } from "./namespace.js";
import { notOurs, thrownInObject } from "./missing.js";

/** Where to look for objects. */
export interface ObjectPlace {
  /** The option `objects`: the name of a binding or of an exported class. */
  objects?: string | undefined;
  /** The app's own agent class, if it has no `WicketObject`. */
  agent?: string | undefined;
  /** True if any class of ours is accepted if neither of those is known. */
  any?: true;
}

/** The members of each of our classes. */
export interface RoleStub extends Rpc.DurableObjectBranded {
  wicketAsk(name: string, call: string, input: string): Promise<string>;
  fetch(request: Request): Response | Promise<Response>;
}

/** The time limit of a call, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * The objects with our roles: those that the option names, else of an exported `WicketObject`, else of the agent's
 * class, else of our only class. Throws or rejects with `ERR_NO_OBJECT`, which says what is missing.
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

/** The objects of an agent's class that runs in objects: those that the option names, else the class's own. */
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

/** Calls the object `name`; input and answer are JSON text. */
export async function askObject(
  namespace: Namespace<RoleStub>,
  name: string,
  call: string,
  input: string,
): Promise<string> {
  let giveUp: (error: EffectFailure) => void = () => {};
  const late = new Promise<never>((_, reject) => (giveUp = reject));
  const timer = setTimeout(() => giveUp(new EffectFailure("timeout", `no response to "${call}"`)), TIMEOUT_MS);
  try {
    return await Promise.race([namespace.getByName(name).wicketAsk(name, call, input), late]);
  } catch (error) {
    if (error instanceof EffectFailure) throw error;
    if (isOtherWorkers(error)) throw notOurs(error);
    const thrown = thrownInObject(error);
    if (thrown) throw thrown;
    throw new EffectFailure("unreachable", `the object failed at "${call}"`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

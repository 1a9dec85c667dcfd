/**
 * Finding Durable Objects, for everything that needs some: by the Worker's own exports (`ctx.exports`, since 2025-11-17), or
 * by a binding, whatever its name. Which ones are found depends on nothing but the set-up, so that every isolate finds the
 * same: a binding counts only once it is known whose objects it has.
 */
import { importedExports } from "#workers";
import { noNamespace, several, unanswered } from "./missing.js";

/** What is looked for. */
export interface Sought {
  /** The classes that will do, the best one first. */
  readonly classes: readonly string[];
  /** The option that names them, if one does: a binding or an exported class. */
  readonly named?: { readonly option: "objects" | "binding"; readonly name: string } | undefined;
  /** Where there is none of `classes`: whatever class of ours there is, if there is one alone. */
  readonly any?: true;
}

/** Everything that has objects of some class. */
export type Namespace<T extends Rpc.DurableObjectBranded = ClassStub> = DurableObjectNamespace<T>;

/** As much of a namespace as tells it from another. */
type Identity = Pick<Namespace, "idFromName" | "idFromString">;

/** What each of our classes answers. */
interface ClassStub extends Rpc.DurableObjectBranded {
  wicketClass(): string | Promise<string>;
}

/** A Worker's exports: of classes with objects their namespaces, of others something else. */
export type Exported = Readonly<Record<string, unknown>>;

type Context = ExecutionContext | DurableObjectState;

/**
 * The objects that are looked for; a promise only where bindings have to be asked for their class, once in an isolate's
 * life. Throws or rejects with `ERR_NO_OBJECT`, which names what is missing.
 */
export function findObjects<T extends Rpc.DurableObjectBranded>(
  ctx: Context,
  env: unknown,
  sought: Sought,
  runtime: Runtime = runtimeOf(),
): Namespace<T> | Promise<Namespace<T>> {
  const bindings = (env ?? {}) as Record<string, unknown>;
  const mine = exportsOf(ctx, runtime);
  const { classes, named } = sought;
  const wanted = named ? [named.name] : classes;
  if (named && isNamespace<T>(bindings[named.name])) return bindings[named.name] as Namespace<T>;
  for (const name of wanted) {
    const exported = mine && name in mine ? mine[name] : undefined;
    if (isNamespace<T>(exported)) return exported;
  }
  return bound<T>(bindings, mine, mine ?? runtime.exports, sought, wanted);
}

/** In an object: the objects of its own class. No other namespace takes its id. */
export function fellowsOf<T extends Rpc.DurableObjectBranded>(
  ctx: DurableObjectState,
  env: unknown,
  className: string,
): Namespace<T> {
  const id = String(ctx.id);
  const runtime = runtimeOf();
  const mine = exportsOf(ctx, runtime) ?? runtime.exports;
  const likely = className in mine ? mine[className] : undefined;
  if (isNamespace<T>(likely) && takes(likely, id)) return likely;
  for (const [, namespace] of [...namespacesIn<T>(env), ...namespacesIn<T>(mine)]) {
    if (takes(namespace, id)) return namespace;
  }
  throw noNamespace({ classes: [className] }, false, exportsOf(ctx, runtime), mine);
}

/** True for what has objects. A service seems to have every member there is, `fetch` among them. */
export function isNamespace<T extends Rpc.DurableObjectBranded>(value: unknown): value is Namespace<T> {
  const isObject = (typeof value === "object" || typeof value === "function") && value !== null;
  return isObject && "idFromName" in value && !("fetch" in value);
}

/** What the runtime says, whatever the context. */
interface Runtime {
  /** The exports as modules can import them, on every date. */
  readonly exports: Exported;
  /** True where the compatibility date or a flag gives them to contexts: one without them is not the runtime's own. */
  readonly givesExports: boolean;
}

const runtimeOf = (): Runtime => ({ exports: importedExports(), givesExports: hasFlag("enable_ctx_exports") });

/** The Worker's exports, where the compatibility date or a flag gives them to it. A router's context may not have them. */
function exportsOf(ctx: Context, runtime: Runtime): Exported | undefined {
  const { exports } = ctx as { exports?: Exported };
  return exports ?? (runtime.givesExports ? runtime.exports : undefined);
}

function hasFlag(name: string): boolean {
  const { Cloudflare: runtime } = globalThis as { Cloudflare?: { compatibilityFlags?: Record<string, boolean> } };
  return runtime?.compatibilityFlags?.[name] === true;
}

/** The namespaces among the members of an object, in the order of their names. */
function namespacesIn<T extends Rpc.DurableObjectBranded>(members: unknown): [name: string, Namespace<T>][] {
  return Object.entries(members ?? {})
    .filter((member): member is [string, Namespace<T>] => isNamespace<T>(member[1]))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Tells one namespace from another. */
function idOf(namespace: Identity): string {
  return String(namespace.idFromName(CLASS));
}

/** The object that is asked for its class, where nothing else tells. It keeps nothing. */
const CLASS = "wicket:class";

function takes(namespace: Identity, id: string): boolean {
  try {
    namespace.idFromString(id);
    return true;
  } catch {
    return false;
  }
}

/** Which class the objects of a namespace have, by its id; `null` for one that is not ours. */
const answers = new Map<string, string | null>();

/** A namespace that may be the one, under the name of its binding or of its class. */
interface Candidate<T extends Rpc.DurableObjectBranded> {
  readonly name: string;
  readonly namespace: Namespace<T>;
  readonly id: string;
}

const candidatesIn = <T extends Rpc.DurableObjectBranded>(members: unknown): Candidate<T>[] =>
  namespacesIn<T>(members).map(([name, namespace]) => ({ name, namespace, id: idOf(namespace) }));

/** The one namespace that these are, if they are any. Throws `ERR_NO_OBJECT` where they are several. */
function same<T extends Rpc.DurableObjectBranded>(
  fitting: readonly Candidate<T>[],
  className?: string,
): Namespace<T> | undefined {
  const [first] = fitting;
  if (fitting.every(({ id }) => id === first?.id)) return first?.namespace;
  throw several(
    fitting.map(({ name }) => name),
    className,
  );
}

/** The bound namespace of one of the classes, or the only one that is ours. */
function bound<T extends Rpc.DurableObjectBranded>(
  bindings: Record<string, unknown>,
  mine: Exported | undefined,
  directory: Exported,
  sought: Sought,
  wanted: readonly string[],
): Namespace<T> | Promise<Namespace<T>> {
  const all = candidatesIn<T>(bindings);
  const told = new Map(candidatesIn(directory).map(({ name, id }) => [id, name]));
  const chosen = (classes: ReadonlyMap<string, string | null>): Namespace<T> | undefined => {
    for (const name of wanted) {
      const one = same(
        all.filter(({ id }) => classes.get(id) === name),
        name,
      );
      if (one) return one;
    }
    return undefined;
  };
  // Before `ctx.exports` the imported ones tell what a binding has; what else they are good for there is not documented.
  // Where exports tell of classes, what is not among them is another Worker's: only an option can mean that.
  const isTold = mine !== undefined || told.size > 0;
  const found = isTold ? chosen(told) : undefined;
  if (found) return found;
  const isAny = sought.any === true && !sought.named;
  const likely = mine ? candidatesIn<T>(mine) : all.filter(({ id }) => !isTold || told.has(id));
  const choose = (): Namespace<T> => {
    const one = isTold ? undefined : chosen(answers);
    const found = one ?? (isAny ? same(likely.filter(({ id }) => typeof answers.get(id) === "string")) : undefined);
    if (found) return found;
    if (sought.named && all.length > 0) {
      // Whoever asks need not know.
      console.error(`[mcp-wicket] The bindings of Durable Objects are ${all.map(({ name }) => name).join(", ")}.`);
    }
    throw noNamespace(sought, all.length > 0 || (isAny && likely.length > 0), mine, directory);
  };
  if (isTold && !isAny) return choose();
  const unknown = likely.filter(({ id }) => !answers.has(id));
  return unknown.length === 0 ? choose() : Promise.all(unknown.map(ask)).then(choose);
}

/** Asks the objects of a binding for their class. */
async function ask<T extends Rpc.DurableObjectBranded>({ name, namespace, id }: Candidate<T>) {
  try {
    answers.set(id, await (namespace as Namespace<never> as Namespace).getByName(CLASS).wicketClass());
  } catch (error) {
    if (!isForeign(error)) throw unanswered(name, error);
    answers.set(id, null);
  }
}

/** True for the runtime's error about an object whose class does not have what it was asked. */
export function isForeign(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    /does not implement the method|does not support RPC|is not a function/.test(error.message)
  );
}

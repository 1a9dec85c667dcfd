/**
 * Finds Durable Objects, for everything that needs some: by the Worker's own exports (`ctx.exports`, since 2025-11-17),
 * or by a binding with any name. Which ones are found depends only on the set-up, so that every isolate finds the same:
 * a binding counts only once the class of its objects is known.
 */
import { importedExports } from "#workers";
import { noNamespace, several, unanswered } from "./missing.js";
import { type Exported, type Namespace, type ObjectQuery, isNamespace } from "./namespace.js";

/** The part of a namespace that distinguishes it from others. */
type Identity = Pick<Namespace, "idFromName" | "idFromString">;

type Context = ExecutionContext | DurableObjectState;

/**
 * The objects to use; a promise only if bindings must be asked for their class, once per isolate. Throws or rejects
 * with `ERR_NO_OBJECT`, which says what is missing.
 */
export function findObjects<T extends Rpc.DurableObjectBranded>(
  ctx: Context,
  env: unknown,
  query: ObjectQuery,
  runtime: Runtime = runtimeOf(),
): Namespace<T> | Promise<Namespace<T>> {
  const bindings = (env ?? {}) as Record<string, unknown>;
  const mine = exportsOf(ctx, runtime);
  const { classes, named } = query;
  const wanted = named ? [named.name] : classes;
  if (named && isNamespace<T>(bindings[named.name])) return bindings[named.name] as Namespace<T>;
  for (const name of wanted) {
    const exported = mine && name in mine ? mine[name] : undefined;
    if (isNamespace<T>(exported)) return exported;
  }
  return bound<T>(bindings, mine, mine ?? runtime.exports, query, wanted);
}

/** In an object: the objects of its own class. No other namespace accepts its ID. */
export function siblingsOf<T extends Rpc.DurableObjectBranded>(
  ctx: DurableObjectState,
  env: unknown,
  className: string,
): Namespace<T> {
  const id = String(ctx.id);
  const runtime = runtimeOf();
  const mine = exportsOf(ctx, runtime) ?? runtime.exports;
  const likely = className in mine ? mine[className] : undefined;
  if (isNamespace<T>(likely) && accepts(likely, id)) return likely;
  for (const [, namespace] of [...namespacesIn<T>(env), ...namespacesIn<T>(mine)]) {
    if (accepts(namespace, id)) return namespace;
  }
  throw noNamespace({ classes: [className] }, false, exportsOf(ctx, runtime), mine);
}

/** What the runtime provides, whatever the context. */
interface Runtime {
  /** The exports as modules can import them, with every compatibility date. */
  readonly exports: Exported;
  /**
   * True if the compatibility date or a flag adds them to contexts: then a context without them is not the runtime's
   * own.
   */
  readonly givesExports: boolean;
}

const runtimeOf = (): Runtime => ({ exports: importedExports(), givesExports: hasFlag("enable_ctx_exports") });

/** The Worker's exports, if the compatibility date or a flag provides them. A router's context may not have them. */
function exportsOf(ctx: Context, runtime: Runtime): Exported | undefined {
  const { exports } = ctx as { exports?: Exported };
  return exports ?? (runtime.givesExports ? runtime.exports : undefined);
}

function hasFlag(name: string): boolean {
  const { Cloudflare: runtime } = globalThis as { Cloudflare?: { compatibilityFlags?: Record<string, boolean> } };
  return runtime?.compatibilityFlags?.[name] === true;
}

/** The namespaces among the members of an object, by name. */
function namespacesIn<T extends Rpc.DurableObjectBranded>(members: unknown): [name: string, Namespace<T>][] {
  return Object.entries(members ?? {})
    .filter((member): member is [string, Namespace<T>] => isNamespace<T>(member[1]))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Distinguishes one namespace from another. */
function idOf(namespace: Identity): string {
  return String(namespace.idFromName(CLASS));
}

/** The object that is asked for its class if nothing else tells. It stores nothing. */
const CLASS = "wicket:class";

function accepts(namespace: Identity, id: string): boolean {
  try {
    namespace.idFromString(id);
    return true;
  } catch {
    return false;
  }
}

/** The class of a namespace's objects, by its ID; `null` for one that is not ours. */
const answers = new Map<string, string | null>();

/** A namespace that may be the right one, with the name of its binding or class. */
interface Candidate<T extends Rpc.DurableObjectBranded> {
  readonly name: string;
  readonly namespace: Namespace<T>;
  readonly id: string;
}

const candidatesIn = <T extends Rpc.DurableObjectBranded>(members: unknown): Candidate<T>[] =>
  namespacesIn<T>(members).map(([name, namespace]) => ({ name, namespace, id: idOf(namespace) }));

/** The only namespace among these, if there are any. Throws `ERR_NO_OBJECT` if there are several. */
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
  query: ObjectQuery,
  wanted: readonly string[],
): Namespace<T> | Promise<Namespace<T>> {
  const all = candidatesIn<T>(bindings);
  const classNames = new Map(candidatesIn(directory).map(({ name, id }) => [id, name]));
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
  // Before `ctx.exports`, the imported exports tell what a binding contains; other uses of them are not documented for
  // these dates. If exports tell the classes, any other namespace is another Worker's: only an option can mean that
  // one.
  const hasClassNames = mine !== undefined || classNames.size > 0;
  const found = hasClassNames ? chosen(classNames) : undefined;
  if (found) return found;
  const isAny = query.any === true && !query.named;
  const likely = mine ? candidatesIn<T>(mine) : all.filter(({ id }) => !hasClassNames || classNames.has(id));
  const choose = (): Namespace<T> => {
    const one = hasClassNames ? undefined : chosen(answers);
    const found = one ?? (isAny ? same(likely.filter(({ id }) => typeof answers.get(id) === "string")) : undefined);
    if (found) return found;
    if (query.named && all.length > 0) {
      // The caller need not know.
      console.error(`[mcp-wicket] The Durable Object bindings are ${all.map(({ name }) => name).join(", ")}.`);
    }
    throw noNamespace(query, all.length > 0 || (isAny && likely.length > 0), mine, directory);
  };
  if (hasClassNames && !isAny) return choose();
  const unknown = likely.filter(({ id }) => !answers.has(id));
  return unknown.length === 0 ? choose() : Promise.all(unknown.map(ask)).then(choose);
}

/** Asks the objects of a binding for their class. */
async function ask<T extends Rpc.DurableObjectBranded>({ name, namespace, id }: Candidate<T>) {
  try {
    answers.set(id, await (namespace as Namespace<never> as Namespace).getByName(CLASS).wicketClass());
  } catch (error) {
    if (!isOtherWorkers(error)) throw unanswered(name, error);
    answers.set(id, null);
  }
}

/** True for the runtime's error about an object whose class does not have the method. */
export function isOtherWorkers(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    /does not implement the method|does not support RPC|is not a function/.test(error.message)
  );
}

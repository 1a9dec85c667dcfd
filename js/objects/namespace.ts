/** What has Durable Objects, and which of them to look for. */

/** What to look for. */
export interface ObjectQuery {
  /** The accepted classes, the preferred one first. */
  readonly classes: readonly string[];
  /** The option that names them, if one does: a binding or an exported class. */
  readonly named?: { readonly option: "objects" | "binding"; readonly name: string } | undefined;
  /** If there are none of `classes`: the only class of ours, whatever its name. */
  readonly any?: true;
}

/** An object namespace. */
export type Namespace<T extends Rpc.DurableObjectBranded = ClassStub> = DurableObjectNamespace<T>;

/** The methods of each of our classes. */
export interface ClassStub extends Rpc.DurableObjectBranded {
  wicketClass(): string | Promise<string>;
}

/** A Worker's exports: namespaces for classes with objects, other values for the rest. */
export type Exported = Readonly<Record<string, unknown>>;

/** True for a namespace. A service binding appears to have every member, including `fetch`. */
export function isNamespace<T extends Rpc.DurableObjectBranded>(value: unknown): value is Namespace<T> {
  const isObject = (typeof value === "object" || typeof value === "function") && value !== null;
  return isObject && "idFromName" in value && !("fetch" in value);
}

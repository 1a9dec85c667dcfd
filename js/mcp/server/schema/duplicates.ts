/**
 * Finds the lists in a value that have a repeated item (JSON Schema `uniqueItems`) in one pass over the value;
 * comparing each item with each other would take quadratic time.
 */

/** The positions of the two items. */
export type Duplicates = readonly [first: number, second: number];

/**
 * A copy of `value` in which lists with a repeated item report it: `read` is called whenever the length of such a list
 * is read. Otherwise nothing is different.
 */
export function markDuplicates(value: unknown, read: (duplicates: Duplicates) => void): unknown {
  return new DuplicateMarker(read).mark(value)[1];
}

class DuplicateMarker {
  readonly #read: (duplicates: Duplicates) => void;
  /** IDs of parts of the value, by a text that is the same for equal ones. */
  readonly #ids = new Map<string, number>();

  constructor(read: (duplicates: Duplicates) => void) {
    this.#read = read;
  }

  /** The value's ID, the same for equal values, and the value with its marks. */
  mark(value: unknown): [id: number, value: unknown] {
    if (typeof value !== "object" || value === null) return [this.#id(`${typeof value} ${String(value)}`), value];
    return Array.isArray(value) ? this.#list(value) : this.#object(value);
  }

  #list(list: readonly unknown[]): [number, unknown] {
    const marked = list.map((item) => this.mark(item));
    const id = this.#id(`[${marked.map(([id]) => id).join()}`);
    const duplicates = findDuplicates(marked);
    const same = marked.every(([, item], at) => item === list[at]) ? list : marked.map(([, item]) => item);
    if (!duplicates) return [id, same];
    const get = (list: readonly unknown[], name: string | symbol): unknown => {
      if (name === "length") this.#read(duplicates);
      return Reflect.get(list, name);
    };
    return [id, new Proxy(same, { get })];
  }

  #object(object: object): [number, unknown] {
    const members = Object.entries(object).map(
      ([name, inner]) => [name, inner as unknown, ...this.mark(inner)] as const,
    );
    const id = this.#id(
      `{${members
        .map(([name, , id]) => `${this.#id(`member ${name}`)}:${id}`)
        .sort()
        .join()}`,
    );
    if (members.every(([, inner, , marked]) => inner === marked)) return [id, object];
    // Without a prototype, a member may have any name.
    const copy = Object.create(null) as Record<string, unknown>;
    for (const [name, , , marked] of members) copy[name] = marked;
    return [id, copy];
  }

  #id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) this.#ids.set(text, (id = this.#ids.size));
    return id;
  }
}

function findDuplicates(items: readonly (readonly [id: number, value: unknown])[]): Duplicates | undefined {
  const known = new Map<number, number>();
  for (const [at, [id]] of items.entries()) {
    const first = known.get(id);
    if (first !== undefined) return [first, at];
    known.set(id, at);
  }
  return undefined;
}

/** The number of values in a value, including itself. */
export function sizeOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  let size = 1;
  for (const inner of Object.values(value)) size += sizeOf(inner);
  return size;
}

/**
 * Which lists in a value have an item twice (JSON Schema `uniqueItems`): found in one pass over the value, where comparing
 * each item with each other takes the square of their number.
 */

/** Where the two items are. */
export type Twice = readonly [first: number, second: number];

/**
 * `value`, in which the lists with an item twice say so: `read` is told of such a list whenever somebody asks for its length.
 * Nothing else about it is different.
 */
export function marked(value: unknown, read: (twice: Twice) => void): unknown {
  return new Marking(read).mark(value)[1];
}

class Marking {
  readonly #read: (twice: Twice) => void;
  /** Parts of the value by a text that is the same for equal ones. */
  readonly #ids = new Map<string, number>();

  constructor(read: (twice: Twice) => void) {
    this.#read = read;
  }

  /** The value's number, the same for each that is equal, and the value with its marks. */
  mark(value: unknown): [id: number, value: unknown] {
    if (typeof value !== "object" || value === null) return [this.#id(`${typeof value} ${String(value)}`), value];
    return Array.isArray(value) ? this.#list(value) : this.#object(value);
  }

  #list(list: readonly unknown[]): [number, unknown] {
    const marked = list.map((item) => this.mark(item));
    const id = this.#id(`[${marked.map(([id]) => id).join()}`);
    const twice = twiceIn(marked);
    const same = marked.every(([, item], at) => item === list[at]) ? list : marked.map(([, item]) => item);
    if (!twice) return [id, same];
    const get = (list: readonly unknown[], name: string | symbol): unknown => {
      if (name === "length") this.#read(twice);
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
    // Without a prototype a member may have any name.
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

function twiceIn(items: readonly (readonly [id: number, value: unknown])[]): Twice | undefined {
  const known = new Map<number, number>();
  for (const [at, [id]] of items.entries()) {
    const first = known.get(id);
    if (first !== undefined) return [first, at];
    known.set(id, at);
  }
  return undefined;
}

/** How many values there are in one, itself included. */
export function sizeOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  let size = 1;
  for (const inner of Object.values(value)) size += sizeOf(inner);
  return size;
}

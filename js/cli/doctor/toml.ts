/** Reads TOML 1.0, as `wrangler.toml` is written. Dates and times stay texts. */
export type Table = Record<string, unknown>;

/** Throws with the number of the line that is not understood. */
export function parseToml(text: string): Table {
  return new Reader(text.replaceAll("\r\n", "\n")).document();
}

const ESCAPES: Record<string, string> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  '"': '"',
  "\\": "\\",
};
const NUMBER = /^[+-]?(0x[\da-f_]+|0o[0-7_]+|0b[01_]+|(\d[\d_]*)(\.\d[\d_]*)?(e[+-]?\d[\d_]*)?|inf|nan)$/i;
const DATE = /^(\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?)?|\d\d:\d\d:\d\d(\.\d+)?)$/;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Table {
    const root: Table = {};
    let table = root;
    for (;;) {
      this.#blank(true);
      if (this.#at >= this.#text.length) return root;
      if (this.#take("[[")) {
        const path = this.#path("]]");
        table = {};
        this.#listAt(root, path).push(table);
      } else if (this.#take("[")) {
        table = this.#tableAt(root, this.#path("]"));
      } else {
        this.#member(table);
      }
      this.#blank(false);
      if (this.#at < this.#text.length && !this.#take("\n")) this.#fail();
    }
  }

  #path(end: string): string[] {
    const path = this.#key();
    if (!this.#take(end)) this.#fail();
    return path;
  }

  #member(table: Table): void {
    const path = this.#key();
    if (!this.#take("=")) this.#fail();
    this.#blank(false);
    const name = path.pop() ?? "";
    const holder = this.#tableAt(table, path);
    if (Object.hasOwn(holder, name)) this.#fail(`"${name}" is there twice`);
    put(holder, name, this.#value());
  }

  /** A key, with its parts. */
  #key(): string[] {
    const path: string[] = [];
    do {
      this.#blank(false);
      const char = this.#text[this.#at];
      const bare = this.#match(/[\w-]+/y);
      if (bare !== undefined) path.push(bare);
      else if (char === '"' || char === "'") path.push(this.#string());
      else this.#fail();
      this.#blank(false);
    } while (this.#take("."));
    return path;
  }

  #value(): unknown {
    const char = this.#text[this.#at];
    if (char === '"' || char === "'") return this.#string();
    if (this.#take("[")) return this.#list();
    if (this.#take("{")) return this.#inlineTable();
    const word = this.#match(/\d{4}-\d\d-\d\d \d\d:[\d:.Z+-]+|[\w.+:-]+/y) ?? this.#fail();
    if (word === "true" || word === "false") return word === "true";
    if (DATE.test(word)) return word;
    if (!NUMBER.test(word)) this.#fail();
    const plain = word.replaceAll("_", "").toLowerCase();
    if (/^[+-]?(inf|nan)$/.test(plain))
      return plain.endsWith("nan") ? NaN : plain.startsWith("-") ? -Infinity : Infinity;
    return Number(plain);
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    for (;;) {
      this.#blank(true);
      if (this.#take("]")) return list;
      list.push(this.#value());
      this.#blank(true);
      if (this.#take("]")) return list;
      if (!this.#take(",")) this.#fail();
    }
  }

  #inlineTable(): Table {
    const table: Table = {};
    this.#blank(false);
    if (this.#take("}")) return table;
    for (;;) {
      this.#member(table);
      this.#blank(false);
      if (this.#take("}")) return table;
      if (!this.#take(",")) this.#fail();
    }
  }

  #string(): string {
    if (this.#take("'''")) return (this.#match(/\n?([^]*?)'''(?!')/y) ?? this.#fail()).replace(/^\n/, "").slice(0, -3);
    if (this.#take("'")) return (this.#match(/[^'\n]*'/y) ?? this.#fail()).slice(0, -1);
    if (this.#take('"""')) {
      const raw = this.#match(/(?:[^"\\]|\\[^]|"{1,2}(?!"))*"""/y) ?? this.#fail();
      return this.#unescaped(
        raw
          .slice(0, -3)
          .replace(/^\n/, "")
          .replaceAll(/\\[ \t]*\n\s*/g, ""),
      );
    }
    this.#at++;
    return this.#unescaped((this.#match(/(?:[^"\\\n]|\\.)*"/y) ?? this.#fail()).slice(0, -1));
  }

  #unescaped(raw: string): string {
    return raw.replaceAll(
      /\\(u([\da-fA-F]{4})|U([\da-fA-F]{8})|[^])/g,
      (_, one: string, short?: string, long?: string) => {
        const point = parseInt(short ?? long ?? "", 16);
        if (point <= 0x10ffff) return String.fromCodePoint(point);
        return ESCAPES[one] ?? this.#fail();
      },
    );
  }

  /** Spaces and comments; with `lines`, ends of lines, too. */
  #blank(lines: boolean): void {
    this.#match(lines ? /(?:[ \t\n]|#[^\n]*)*/y : /[ \t]*(?:#[^\n]*)?/y);
  }

  #tableAt(from: Table, path: readonly string[]): Table {
    return path.reduce((table, name) => {
      const own = Object.hasOwn(table, name) ? table[name] : undefined;
      const inner: unknown = Array.isArray(own) ? own.at(-1) : (own ?? put(table, name, {}));
      return isTable(inner) ? inner : this.#fail();
    }, from);
  }

  #listAt(from: Table, path: readonly string[]): unknown[] {
    const holder = this.#tableAt(from, path.slice(0, -1));
    const name = path.at(-1) ?? "";
    const list = Object.hasOwn(holder, name) ? holder[name] : put(holder, name, []);
    return Array.isArray(list) ? list : this.#fail();
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(why = "this is not TOML"): never {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    throw new Error(`line ${String(line)}: ${why}`);
  }
}

function put<Value>(table: Table, name: string, value: Value): Value {
  Object.defineProperty(table, name, { value, enumerable: true, writable: true, configurable: true });
  return value;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

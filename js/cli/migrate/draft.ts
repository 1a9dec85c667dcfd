/** The files of a project as they will be: nothing is written before everything is known. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A file before and after; `undefined` where there is none. */
export interface Change {
  path: string;
  before: string | undefined;
  after: string | undefined;
}

export class Draft {
  readonly folder: string;
  /** What is left for a person, in the order of the steps. */
  readonly notes: string[] = [];
  readonly #files = new Map<string, Change>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The text of a file as it will be. `path` is relative to the folder. */
  read(path: string): string | undefined {
    return this.#file(path).after;
  }

  write(path: string, text: string): void {
    this.#file(path).after = text;
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  get changes(): Change[] {
    return [...this.#files.values()].filter(({ before, after }) => before !== after);
  }

  #file(path: string): Change {
    let file = this.#files.get(path);
    if (!file) {
      const place = join(this.folder, path);
      const before = existsSync(place) ? readFileSync(place, "utf8") : undefined;
      this.#files.set(path, (file = { path, before, after: before }));
    }
    return file;
  }
}

/** Writes all changes, or none: throws with the file that could not be written, after the others are as they were. */
export function writeAll(folder: string, changes: readonly Change[]): void {
  const prepared = changes.map((change) => ({ ...change, place: join(folder, change.path) }));
  const beside = (place: string) => `${place}.mcp-wicket-migrate`;
  const done: typeof prepared = [];
  try {
    // What can fail because of space or permissions fails here, where nothing has changed yet.
    for (const { place, after } of prepared) {
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(beside(place), after ?? "");
    }
    for (const change of prepared) {
      renameSync(beside(change.place), change.place);
      done.push(change);
    }
  } catch (error) {
    for (const { place, before } of done) {
      if (before === undefined) rmSync(place, { force: true });
      else writeFileSync(place, before);
    }
    const { message } = error as Error;
    throw new Error(`Nothing was changed, because a file could not be written: ${message}`, { cause: error });
  } finally {
    for (const { place } of prepared) if (existsSync(beside(place))) rmSync(beside(place), { force: true });
  }
}

/** The files of a project as they will be: nothing is written before everything is known. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";

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

  /** Throws for a file whose bytes would not survive it. Line ends stay as they are in the file. */
  write(path: string, text: string): void {
    const file = this.#file(path);
    if (text !== file.before && file.before?.includes("\uFFFD"))
      throw new Error(`${path} is not UTF-8: convert it first.`);
    const hasCrLf = file.before?.includes("\r\n") === true && !/(?<!\r)\n/.test(file.before);
    file.after = hasCrLf ? text.replaceAll(/\r?\n/g, "\r\n") : text;
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

/** Only the owner may read a new file with secrets. */
const PRIVATE = 0o600;

/** Writes all changes, or none: throws with the file that could not be written, after the others are as they were. */
export function writeAll(folder: string, changes: readonly Change[]): void {
  const prepared = changes.map((change) => ({ ...change, place: join(folder, change.path), beside: "" }));
  const done: typeof prepared = [];
  try {
    const modes = new Map(changes.map(({ path }) => [path, modeOf(folder, path)]));
    // What can fail because of space or permissions fails here, where nothing has changed yet.
    for (const change of prepared) {
      const { place, after, path } = change;
      mkdirSync(dirname(place), { recursive: true });
      const mode = modes.get(path);
      const beside = `${place}.${crypto.randomUUID()}.tmp`;
      writeFileSync(beside, after ?? "", { flag: "wx", ...(mode !== undefined && { mode }) });
      change.beside = beside;
      // The mode above is subject to the process's own mask.
      if (mode !== undefined) chmodSync(beside, mode);
    }
    for (const change of prepared) {
      renameSync(change.beside, change.place);
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
    for (const { beside } of prepared) if (beside !== "") rmSync(beside, { force: true });
  }
}

/** The mode of a file as it is. Throws for what a repository could use to make this program write elsewhere. */
function modeOf(folder: string, path: string): number | undefined {
  const place = join(folder, path);
  let existing = dirname(place);
  while (!existsSync(existing)) existing = dirname(existing);
  const parent = relative(realpathSync(folder), realpathSync(existing));
  if (parent === ".." || parent.startsWith(`..${sep}`) || isAbsolute(parent)) {
    throw new Error(`${path} is outside of the folder, by way of a symbolic link`);
  }
  const known = lstatSync(place, { throwIfNoEntry: false });
  if (known === undefined) return isSecret(path) ? PRIVATE : undefined;
  if (known.isSymbolicLink()) throw new Error(`${path} is a symbolic link`);
  return known.mode & 0o777;
}

/** Whether a file has local secrets: their values are shown nowhere. */
export const isSecret = (path: string): boolean =>
  /^\.(?:dev\.vars|env)(?:\..+)?$/.test(path) && !path.endsWith(".example");

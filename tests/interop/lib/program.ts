/** Clients that are programs: each runs in a home of its own, knows nothing of this machine, and reaches loopback only. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { at } from "../../harness/paths.ts";
import type { Person } from "./person.ts";

/** The folder of the programs that npm has installed for these tests. */
const PROGRAMS = at("tests/interop/clients/node_modules");
const PATIENCE_MS = 90_000;
/** Nobody listens there: what is not on loopback is out of reach for all who ask a proxy. */
const NOWHERE = "http://127.0.0.1:9";

export const program = (...path: string[]) => join(PROGRAMS, ...path);

export interface Told {
  env?: Record<string, string>;
  /** What the program asks on its output, and what it is answered. */
  reply?: { asks: string; answer: string };
}

export interface Ended {
  stdout: string;
  stderr: string;
}

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach(end));

/** Ends a program with all that it has started. */
export function end(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** A home folder. */
export class Home {
  readonly folder = mkdtempSync(join(tmpdir(), "mcp-wicket-home-"));
  readonly #person: Person | undefined;

  constructor(person?: Person) {
    this.#person = person;
    mkdirSync(join(this.folder, "work"));
  }

  write(path: string, content: string | object): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  }

  env(more: Record<string, string> = {}): Record<string, string> {
    const commands = this.#person ? [this.#person.commands] : [];
    return {
      HOME: this.folder,
      PATH: [...commands, dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
      ...(this.#person && { BROWSER: join(this.#person.commands, "xdg-open"), DISPLAY: ":0" }),
      // Where programs look up which browser this machine prefers: nowhere.
      XDG_DATA_DIRS: join(this.folder, "share"),
      LANG: "C.UTF-8",
      TERM: "dumb",
      NO_COLOR: "1",
      DO_NOT_TRACK: "1",
      HTTP_PROXY: NOWHERE,
      HTTPS_PROXY: NOWHERE,
      NO_PROXY: "127.0.0.1,localhost",
      ...more,
    };
  }

  /** Starts a program that goes on. */
  start(command: string, args: string[], env: Record<string, string> = {}): ChildProcess {
    const cwd = join(this.folder, "work");
    const child = spawn(command, args, { cwd, env: this.env(env), stdio: "pipe", detached: true });
    running.add(child);
    child.once("exit", () => running.delete(child));
    return child;
  }

  /** Runs a program to its end. */
  run(command: string, args: string[], { env, reply }: Told = {}): Promise<Ended> {
    const child = this.start(command, args, env);
    let [stdout, stderr] = ["", ""];
    let asked = false;
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (asked || reply === undefined || !stdout.includes(reply.asks)) return;
      asked = true;
      child.stdin?.write(reply.answer);
    });
    child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    if (!reply) child.stdin?.end();
    return new Promise((resolve, reject) => {
      // real time: a program that hangs has failed
      const timer = setTimeout(() => {
        end(child);
        reject(new Error(`${command} ${args.join(" ")} has not ended:\n${stdout}\n${stderr}`));
      }, PATIENCE_MS);
      child.once("error", reject);
      child.once("close", () => {
        clearTimeout(timer);
        resolve({ stdout, stderr });
      });
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

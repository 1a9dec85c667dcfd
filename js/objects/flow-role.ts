/** Roles whose decisions are Rust's: a call is a flow over the object's rows, run again where another came first. */
import { now } from "../clock.js";
import { performSign } from "../effects/sign.js";
import { logged } from "../errors.js";
import { type Ended, type World, run } from "../run.js";
import type { Effect, StepMethod } from "../wire.js";
import { fellowsOf } from "./find.js";
import { keysOf } from "./keys.js";
import type { RoleStub } from "./objects.js";
import { type Role, type RoleObject, rememberName } from "./roles.js";
import { Conflict, Rows } from "./rows.js";

/** With so many that came first, something else is wrong. */
const MAX_CONFLICTS = 100;

/** So long an object keeps a caller that waits for another, in milliseconds; whoever calls waits for ten seconds. */
const PATIENCE_MS = 8_000;

/** Who waits until something is written, by object, and how often that has been. */
const writes = new WeakMap<DurableObjectState, { count: number; readonly waiting: Set<() => void> }>();

function writesOf(ctx: DurableObjectState) {
  let known = writes.get(ctx);
  if (!known) writes.set(ctx, (known = { count: 0, waiting: new Set() }));
  return known;
}

/** What an object has to do when something in it is over, with its own decisions (`ask`) at hand. */
export type Over = (object: RoleObject, ask: (call: string, input: object) => Promise<unknown>) => Promise<void>;

/** Makes a role of the step that `stepFor` gives for the server's keys. */
export function flowRole(stepFor: (keys: string) => StepMethod, over?: Over): Role {
  const role: Role = {
    sparing: true,
    async ask(object, call, input) {
      const { name, className, ctx, env } = object;
      // Whoever asks has found these objects by its own set-up: the keyring is one of them.
      const step = stepFor(await keysOf(env, () => fellowsOf<RoleStub>(ctx, env, className)));
      const rows = new Rows(ctx.storage);
      const text = `{"object":${JSON.stringify(name)},"call":${JSON.stringify(call)},"input":${input}}`;
      const known = writesOf(ctx);
      const until = Date.now() + PATIENCE_MS;
      let conflicts = 0;
      for (;;) {
        const { count } = known;
        try {
          const ended = await run<unknown>(step, text, "", new RowsWorld(rows, known));
          const busy = busyOf(ended);
          if (busy !== undefined && Date.now() < until) {
            if (known.count === count) await written(known.waiting, Math.min(busy, until - Date.now()));
            continue;
          }
          if (rows.isThere) rememberName(object);
          await rows.arm();
          return JSON.stringify("done" in ended ? ended.done : null);
        } catch (error) {
          if (!(error instanceof Conflict)) throw error;
          if (++conflicts >= MAX_CONFLICTS) throw new Error(`the object ${name} is written all the time`);
        }
      }
    },
    async alarm(object: RoleObject) {
      const rows = new Rows(object.ctx.storage);
      rows.drop(now());
      if (over && rows.isThere) {
        const ask = async (call: string, input: object) =>
          JSON.parse(await role.ask(object, call, JSON.stringify(input))) as unknown;
        try {
          await over(object, ask);
        } catch (error) {
          logged("What is over in an object could not be dealt with, and is tried again in an hour", error);
        }
      }
      await rows.rest(now());
    },
  };
  return role;
}

/** Where a flow has to wait for another that is under way elsewhere: for how long at most, in milliseconds. */
function busyOf(ended: Ended<unknown>): number | undefined {
  const done = "done" in ended ? (ended.done as { busy?: unknown } | null) : null;
  return typeof done?.busy === "number" ? done.busy : undefined;
}

/** Ends when something is written, or after so many milliseconds. An object's requests are one context, so one wakes the other. */
function written(waiting: Set<() => void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    waiting.add(wake);
  });
}

/** What a flow inside an object may touch: its rows, and signatures. */
export class RowsWorld implements World {
  readonly #rows: Rows;
  readonly #writes: { count: number; readonly waiting: Set<() => void> } | undefined;

  constructor(rows: Rows, writes?: { count: number; readonly waiting: Set<() => void> }) {
    this.#rows = rows;
    this.#writes = writes;
  }

  perform(effect: Effect) {
    if (effect.kind === "sign") return performSign(effect);
    if (effect.kind !== "rows") throw new Error(`inside an object there is no "${effect.kind}"`);
    return { json: this.#rows.read(effect) };
  }

  commit(commit: Parameters<World["commit"]>[0]): Promise<void> {
    if (commit.kind !== "rows") return Promise.reject(new Error(`inside an object there is no "${commit.kind}"`));
    this.#rows.write(commit);
    if (this.#writes) {
      this.#writes.count++;
      for (const wake of [...this.#writes.waiting]) wake();
    }
    return Promise.resolve();
  }
}

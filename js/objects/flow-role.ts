/** Roles that Rust decides: a call is a flow over the object's rows, run again after a concurrent write. */
import { now } from "../common/clock.js";
import { performSign } from "../boundary/effects/sign.js";
import { logged } from "../common/errors.js";
import { run } from "../boundary/interpreter.js";
import type { World } from "../boundary/world.js";
import type { Effect, StepMethod } from "../boundary/wire.js";
import { siblingsOf } from "./find.js";
import { keysOf } from "./keys.js";
import type { RoleStub } from "./objects.js";
import { type Role, type RoleObject, rememberName } from "./roles.js";
import { Conflict, Rows } from "./rows.js";

/** Maximum number of conflicts; after that something else is wrong. */
const MAX_CONFLICTS = 100;

/** How long an object lets a caller wait for another one, in milliseconds; callers wait for ten seconds. */
const PATIENCE_MS = 8_000;

/** The callbacks that wait until something is written, by object, and the number of writes. */
const writes = new WeakMap<DurableObjectState, { count: number; readonly waiting: Set<() => void> }>();

function writesOf(ctx: DurableObjectState) {
  let known = writes.get(ctx);
  if (!known) writes.set(ctx, (known = { count: 0, waiting: new Set() }));
  return known;
}

/** What an object does when something in it has expired; `ask` calls its own decisions. */
export type AlarmHandler = (
  object: RoleObject,
  ask: (call: string, input: object) => Promise<unknown>,
) => Promise<void>;

/** Makes a role of the step that `stepFor` returns for the server's keys. */
export function flowRole(stepFor: (keys: string) => StepMethod, onAlarm?: AlarmHandler): Role {
  const role: Role = {
    sparing: true,
    async ask(object, call, input) {
      const { name, className, ctx, env } = object;
      // The caller has found these objects by its own set-up: the keyring is one of them.
      const step = stepFor(await keysOf(env, () => siblingsOf<RoleStub>(ctx, env, className)));
      const rows = new Rows(ctx.storage);
      const text = `{"object":${JSON.stringify(name)},"call":${JSON.stringify(call)},"input":${input}}`;
      const known = writesOf(ctx);
      const until = Date.now() + PATIENCE_MS;
      let conflicts = 0;
      for (;;) {
        const { count } = known;
        try {
          const decided = await run<unknown>(step, text, "", new RowsWorld(rows, known));
          const busy = busyOf(decided);
          if (busy !== undefined && Date.now() < until) {
            if (known.count === count) await written(known.waiting, Math.min(busy, until - Date.now()));
            continue;
          }
          if (rows.isThere) rememberName(object);
          await rows.arm();
          return JSON.stringify(decided);
        } catch (error) {
          if (!(error instanceof Conflict)) throw error;
          if (++conflicts >= MAX_CONFLICTS) throw new Error(`the object ${name} has too many concurrent writes`);
        }
      }
    },
    async alarm(object: RoleObject) {
      const rows = new Rows(object.ctx.storage);
      rows.drop(now());
      if (onAlarm && rows.isThere) {
        const ask = async (call: string, input: object) =>
          JSON.parse(await role.ask(object, call, JSON.stringify(input))) as unknown;
        try {
          await onAlarm(object, ask);
        } catch (error) {
          logged("The alarm of an object failed, and is retried in an hour", error);
        }
      }
      await rows.rest(now());
    },
  };
  return role;
}

/** If a flow has to wait for another one: for how long at most, in milliseconds. */
function busyOf(decided: unknown): number | undefined {
  const { busy } = ((decided as { answer?: unknown } | null)?.answer ?? {}) as { busy?: unknown };
  return typeof busy === "number" ? busy : undefined;
}

/**
 * Resolves when something is written, or after `ms` milliseconds. The requests of an object share one context, so one
 * can wake another.
 */
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

/** The world of a flow inside an object: its rows, and signatures. */
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

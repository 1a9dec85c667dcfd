/** Roles whose decisions are Rust's: a call is a flow over the object's rows, run again where another came first. */
import { now } from "../clock.js";
import { performSign } from "../effects/sign.js";
import { type World, run } from "../run.js";
import type { Effect, StepMethod } from "../wire.js";
import { fellowsOf } from "./find.js";
import { keysOf } from "./keys.js";
import type { RoleStub } from "./objects.js";
import { type Role, type RoleObject, rememberName } from "./roles.js";
import { Conflict, Rows } from "./rows.js";

/** With so many that came first, something else is wrong. */
const MAX_CONFLICTS = 100;

/** Makes a role of the step that `stepFor` gives for the server's keys. */
export function flowRole(stepFor: (keys: string) => StepMethod): Role {
  return {
    sparing: true,
    async ask(object, call, input) {
      const { name, className, ctx, env } = object;
      // Whoever asks has found these objects by its own set-up: the keyring is one of them.
      const step = stepFor(await keysOf(env, () => fellowsOf<RoleStub>(ctx, env, className)));
      const rows = new Rows(ctx.storage);
      const text = `{"object":${JSON.stringify(name)},"call":${JSON.stringify(call)},"input":${input}}`;
      for (let tries = 0; tries < MAX_CONFLICTS; tries++) {
        try {
          const ended = await run<unknown>(step, text, "", new RowsWorld(rows));
          if (rows.isThere) rememberName(object);
          await rows.arm();
          return JSON.stringify("done" in ended ? ended.done : null);
        } catch (error) {
          if (!(error instanceof Conflict)) throw error;
        }
      }
      throw new Error(`the object ${name} is written all the time`);
    },
    async alarm({ ctx }: RoleObject) {
      await new Rows(ctx.storage).purge(now());
    },
  };
}

/** What a flow inside an object may touch: its rows, and signatures. */
export class RowsWorld implements World {
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  perform(effect: Effect) {
    if (effect.kind === "sign") return performSign(effect);
    if (effect.kind !== "rows") throw new Error(`inside an object there is no "${effect.kind}"`);
    return { json: this.#rows.read(effect) };
  }

  commit(commit: Parameters<World["commit"]>[0]): Promise<void> {
    if (commit.kind !== "rows") return Promise.reject(new Error(`inside an object there is no "${commit.kind}"`));
    this.#rows.write(commit);
    return Promise.resolve();
  }
}

/** Makes every effect late, so that whatever can come in between does. */
import { RowsWorld } from "../../../../dist/objects/flow-role.js";
import { OAuthWorld } from "../../../../dist/oauth/world.js";

const LATE_MS = 20;
// real time: others come in between; no test depends on how many
const late = () => new Promise((resolve) => setTimeout(resolve, LATE_MS));

let slow = false;

interface AnyWorld {
  perform: (this: AnyWorld, effect: { kind: string; object?: string; call?: string }) => unknown;
  commit: (this: AnyWorld, commit: object) => Promise<void>;
}

/** Object calls by their name, since the last time they were taken. */
export const calls = { asked: [] as string[] };

for (const prototype of [RowsWorld.prototype, OAuthWorld.prototype]) {
  const world = prototype as unknown as AnyWorld;
  const { perform, commit } = world;
  world.perform = async function (effect) {
    if (effect.kind === "ask") calls.asked.push(`${effect.object?.split(":")[0] ?? ""} ${effect.call ?? ""}`);
    if (slow) await late();
    return await perform.call(this, effect);
  };
  world.commit = async function (write) {
    if (slow) await late();
    await commit.call(this, write);
  };
}

/** While `work` runs, each effect takes 20 ms longer. */
export async function slowly<T>(work: () => Promise<T>): Promise<T> {
  slow = true;
  try {
    return await work();
  } finally {
    slow = false;
  }
}

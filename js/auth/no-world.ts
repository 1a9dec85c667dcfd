/** The world of steps that wait for nothing. */
import type { World } from "../run.js";

export const NO_WORLD: World = {
  perform: (effect) => Promise.reject(new Error(`a guard has no "${effect.kind}"`)),
  commit: () => Promise.reject(new Error("a guard writes nothing")),
};

/** The role `spent:…`: marks a single-use value as used, for as long as it is valid. */
import type { Role } from "./roles.js";

const KEY = "spent";

/** Longer than the lifetime of any value that is marked here, in milliseconds. */
const TTL = 20 * 60 * 1000;

export const usedValue: Role = {
  async ask({ ctx }, call) {
    if (call !== "spend") throw new Error(`what can be spent has no "${call}"`);
    const { kv } = ctx.storage;
    if (kv.get(KEY) !== undefined) return "false";
    kv.put(KEY, true);
    await ctx.storage.setAlarm(Date.now() + TTL);
    return "true";
  },
  alarm: ({ ctx }) => ctx.storage.deleteAll(),
};

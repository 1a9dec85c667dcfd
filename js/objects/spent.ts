/** The role `spent:…`: one thing that may be used once, for as long as it could be used at all. */
import { type Role, provideRole } from "./roles.js";

const SPENT = "spent";

/** Longer than anything that is spent here lives, in milliseconds. */
const KEPT = 20 * 60 * 1000;

const spent: Role = {
  async ask({ ctx }, call) {
    if (call !== "spend") throw new Error(`what can be spent has no "${call}"`);
    const { kv } = ctx.storage;
    if (kv.get(SPENT) !== undefined) return "false";
    kv.put(SPENT, true);
    await ctx.storage.setAlarm(Date.now() + KEPT);
    return "true";
  },
  alarm: ({ ctx }) => ctx.storage.deleteAll(),
};

/** Called when an entry point loads. */
export function provideSpent(): void {
  provideRole("spent", spent);
}

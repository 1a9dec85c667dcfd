/** The watch that every test of this suite runs under can complain. */
import { describe, expect, test } from "vitest";
import { lies, tell } from "../../harness/schema/lies.ts";
import { Watch } from "../../harness/schema/watch.ts";
import { oracles } from "./lib/schema.ts";

describe("a server that sends", () => {
  test.each(lies)("$what is caught", (lie) => {
    const faults: string[] = [];
    const watch = new Watch(oracles, (fault) => faults.push(fault));
    tell(watch, lie, "body");
    expect(faults.join()).toMatch(lie.complaint);
  });
});

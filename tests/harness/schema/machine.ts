/** The watch of all tests that run in Node, however they ask. */
import { oracle } from "./ajv.ts";
import { Watch } from "./watch.ts";

interface Kept {
  readonly faults: string[];
  readonly watch: Watch;
}

function make(): Kept {
  const faults: string[] = [];
  return { faults, watch: new Watch(oracle, (fault) => faults.push(fault)) };
}

/** One for all servers of this machine, since a session may be served by several; and for all copies of this module. */
const holder = globalThis as { mcpSchemaWatch?: Kept };
export const { faults, watch } = (holder.mcpSchemaWatch ??= make());

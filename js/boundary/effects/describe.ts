/* The effect "describe": the description of the server. `src/mcp/lifecycle.rs` decides what follows from it. */
import { type Outcome, outcomeOf } from "../world.js";
import type { Described } from "../wire.js";
import { completes } from "./complete.js";
import type { McpServer } from "../../mcp/server/mcp-server.js";

/*
 * Describes the server. `listens`: there are objects through which clients can be notified of changes. The outcome is
 * `Described` of `src/flow/registry.rs`.
 */
export function describe(server: McpServer, listens: boolean): Outcome {
  const { instructions, capabilities: declared } = server.options;
  const { registry } = server;
  const registered: string[] = registry.has("tools") ? ["tools"] : [];
  for (const of of registry.offered) if (of !== "tools") registered.push(of);
  if (completes(server)) registered.push("completions");
  return outcomeOf<Described>({
    registered,
    listens,
    ...(declared && { declared: { ...declared } }),
    ...(instructions !== undefined && { instructions }),
  });
}

/** The effect "describe": what the server is. What follows from it is decided in `src/mcp/lifecycle.rs`. */
import type { Outcome } from "../run.js";
import { completes } from "./completion.js";
import type { McpServer } from "./mcp-server.js";

/**
 * Describes. `listens`: there are objects through which clients hear of changes. The outcome is `Described` of
 * `src/flow/registry.rs`.
 */
export function describe(server: McpServer, listens: boolean): Outcome {
  const { instructions, capabilities: declared } = server.options;
  const { registry } = server;
  const registered: string[] = registry.has("tools") ? ["tools"] : [];
  for (const of of registry.offered) if (of !== "tools") registered.push(of);
  if (completes(server)) registered.push("completions");
  return { json: JSON.stringify({ registered, declared, instructions, ...(listens && { listens }) }) };
}

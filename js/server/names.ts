import { BOUNDS } from "../bounds.js";

/** Names that clients take: MCP server/tools §Tool Names (since 2025-11-25). */
const NAME = /^[\w.-]{1,128}$/;
const warned = new Set<string>();
/** More different names than that are made up as they go, and need not all be in the log. */
const MAX_WARNED = BOUNDS.names.value;

/** Says once of a tool's name that not every client takes it. */
export function warnOfName(name: string): void {
  if (NAME.test(name) || warned.size >= MAX_WARNED) return;
  const shown = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  if (warned.has(shown)) return;
  warned.add(shown);
  console.warn(
    `[mcp-wicket] Some clients will not take the tool ${JSON.stringify(shown)}: its name should have 1 to 128 characters, ` +
      "each of them A to Z, a to z, 0 to 9, or one of _ - and .",
  );
}

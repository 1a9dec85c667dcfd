import { BOUNDS } from "../../boundary/caches.js";

/** Names that clients accept: MCP server/tools §Tool Names (since 2025-11-25). */
const NAME = /^[\w.-]{1,128}$/;
const warned = new Set<string>();
/** More different names than this are generated, and need not all be logged. */
const MAX_WARNED = BOUNDS.warnedNames.value;

/** Logs once that not every client accepts a tool's name. */
export function warnOfName(name: string): void {
  if (NAME.test(name) || warned.size >= MAX_WARNED) return;
  const shown = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  if (warned.has(shown)) return;
  warned.add(shown);
  console.warn(
    `[mcp-wicket] Some clients will reject the tool ${JSON.stringify(shown)}: its name should have 1 to 128 characters, ` +
      "each of them A to Z, a to z, 0 to 9, or one of _ - and .",
  );
}

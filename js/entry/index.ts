/** `mcp-wicket`: an MCP server for Workers. This entry point has pattern 1, no authentication. */
import { Core } from "#core/mcp";
import { provideObjects } from "../objects/provide.js";
import { provideCore } from "../boundary/wasm.js";

provideCore(Core, 1);
provideObjects();

export * from "./public.js";

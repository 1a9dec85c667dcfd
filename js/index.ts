/** `mcp-wicket`: an MCP server for Workers. This entry carries pattern 1, no authentication. */
import { Core } from "../build/mcp/index.js";
import { provideKeyring } from "./objects/keyring.js";
import { provideCore } from "./wasm.js";

provideCore(Core, 1);
provideKeyring();

export * from "./public.js";

/** `mcp-wicket`: an MCP server for Workers. This entry carries pattern 1, no authentication. */
import { Core } from "../build/mcp/index.js";
import { provideKeyring } from "./objects/keyring.js";
import { provideMailbox } from "./objects/mailbox.js";
import { provideSpent } from "./objects/spent.js";
import { provideCore } from "./wasm.js";

provideCore(Core, 1);
provideKeyring();
provideMailbox();
provideSpent();

export * from "./public.js";

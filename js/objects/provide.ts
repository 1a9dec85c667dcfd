/** The roles of objects that every entry point needs. */
import { provideKeyring } from "./keyring.js";
import { provideHub } from "./hub.js";
import { provideMailbox } from "./mailbox.js";
import { provideSpent } from "./spent.js";

/** Called by every entry point when it loads. */
export function provideObjects(): void {
  provideKeyring();
  provideHub();
  provideMailbox();
  provideSpent();
}

/** The roles of objects that every entry point needs. */
import { hub } from "./hub.js";
import { keyring } from "./keyring.js";
import { mailbox } from "./mailbox.js";
import { provideRole } from "./roles.js";
import { usedValue } from "./used-value.js";

/** Called by every entry point when it loads. */
export function provideObjects(): void {
  for (const [prefix, role] of Object.entries({ hub, keyring, mailbox, spent: usedValue })) provideRole(prefix, role);
}

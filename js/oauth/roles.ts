/** The objects of the authorization server: what they decide is Rust's, over their own rows. */
import { type Over, flowRole } from "../objects/flow-role.js";
import { provideKeyring } from "../objects/keyring.js";
import { provideRole } from "../objects/roles.js";
import { oauthSteps } from "../wasm.js";
import type { StepMethod } from "../wire.js";
import { giveBack } from "./giving.js";
import { revocations } from "./revocations.js";
import { tellAgain } from "./telling.js";

/** The step of objects, for each text of keys: there is one, or two while a secret is changed. */
const steps = new Map<string, StepMethod>();

function stepFor(keys: string): StepMethod {
  let step = steps.get(keys);
  if (!step) {
    step = oauthSteps({ origins: { allowedOrigins: [], allowedHosts: [] }, keys }).object;
    if (steps.size > 8) steps.clear();
    steps.set(keys, step);
  }
  return step;
}

const whatIsOver: Over = async (object, ask) => {
  await tellAgain(object, ask);
  await giveBack(object, ask);
};

/** Called when the entry point loads. */
export function provideOAuthRoles(): void {
  const role = flowRole(stepFor);
  for (const prefix of ["client", "clients"]) provideRole(prefix, role);
  const withAlarm = flowRole(stepFor, whatIsOver);
  for (const prefix of ["subject", "transaction"]) provideRole(prefix, withAlarm);
  provideRole("revocations", revocations);
  provideKeyring();
}

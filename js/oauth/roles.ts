/** The objects of the authorization server: Rust decides, over their own rows. */
import { type AlarmHandler, flowRole } from "../objects/flow-role.js";
import { provideRole } from "../objects/roles.js";
import { PLAIN, oauthSteps } from "../boundary/wasm.js";
import type { StepMethod } from "../boundary/wire.js";
import { revokeUpstream } from "./upstream-revocation.js";
import { revocations } from "./revocations.js";
import { deliverOutbox } from "./outbox.js";

/** The step of objects, by the text of the keys: one, or two while a secret is rotated. */
const steps = new Map<string, StepMethod>();

function stepFor(keys: string): StepMethod {
  let step = steps.get(keys);
  if (!step) {
    step = oauthSteps({ ...PLAIN, keys }).object;
    if (steps.size > 8) steps.clear();
    steps.set(keys, step);
  }
  return step;
}

const onAlarm: AlarmHandler = async (object, ask) => {
  await deliverOutbox(object, ask);
  await revokeUpstream(object, ask);
};

/** Called when the entry point loads. */
export function provideOAuthRoles(): void {
  const role = flowRole(stepFor);
  for (const prefix of ["client", "clients"]) provideRole(prefix, role);
  const withAlarm = flowRole(stepFor, onAlarm);
  for (const prefix of ["subject", "transaction"]) provideRole(prefix, withAlarm);
  provideRole("revocations", revocations);
}

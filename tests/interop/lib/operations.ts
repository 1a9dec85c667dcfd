/** What each client is asked to do, and what has to come of it. */

export const OPERATIONS = [
  "list",
  "call",
  "read",
  "get",
  "complete",
  "elicit",
  "subscribe",
  "cancel",
  "resume",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What the fixture server answers; the same whoever asks. */
export const EXPECTED: Record<Operation, string> = {
  list: "test_simple_text static-text test_simple_prompt",
  call: "This is a simple text response for testing.",
  read: "This is the content of the static text resource.",
  get: "Prompt with arguments: arg1='hello', arg2='world'",
  complete: "hello,help",
  elicit: 'User response: action=accept, content={"response":"yes"}',
  subscribe: "test://watched-resource",
  cancel: "cancelled",
  resume: "Reconnection test completed successfully.",
};

/** What a client says that it cannot do, in its own words. */
export class Limitation {
  readonly quote: string;
  constructor(quote: string) {
    this.quote = quote;
  }
}

/** A client: does one operation against the fixture server, whose scheme, host and port are given. */
export interface Client {
  title: string;
  run: (operation: Operation, site: string) => Promise<string | Limitation>;
  /** The operations that it cannot do, and how it says so. */
  limits: Partial<Record<Operation, RegExp>>;
}

/** Asks until it is so, for five seconds. */
export async function until(what: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 50; tries++) {
    if (await what()) return true;
    // real time: looks again, since another program says nothing by itself
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

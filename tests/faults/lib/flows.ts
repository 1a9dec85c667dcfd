/**
 * What is killed: each flow from a fresh start, what a client does that has had no answer, and what must hold then. Each gives
 * what the client sees, in the words of docs/faults.md.
 */
import { expect } from "vitest";
import { type Answered, Client, SignIn, Stopped, type Tokens, bank, named } from "./client.ts";
import type { Point } from "./control.ts";
import type { Place } from "./place.ts";

/** One run of a flow. */
export interface Run {
  readonly client: Client;
  /** Does it once, and gives what the client is answered. Rejects where there is no answer. */
  act(): Promise<Answered>;
  /**
   * What a client does then: it sends the same again if it has had no answer (`seen`), or one that says to try again. Gives what
   * that comes to; rejects where something does not hold.
   */
  again(seen: Answered | undefined): Promise<string>;
}

export type Flow = (place: Place) => Promise<Run>;

/** The points of a flow, from a run in which nothing happens. */
export async function pointsOf(flow: Flow, place: Place): Promise<Point[]> {
  await place.startAgain();
  const run = await flow(place);
  await place.test("settled");
  place.control.begin();
  await run.act();
  await place.test("settled");
  const { points } = place.control;
  place.control.begin();
  return points;
}

const isInvalidGrant = (answered: Answered) => answered.status === 400 && answered.body.error === "invalid_grant";
const isTryAgain = ({ status }: Answered) => status === 503 || status === 429;

const DONE = "answered";
const AGAIN = "retry works";

const LEASE_MS = 16_000;

const SIGN_IN_AGAIN = "retry: `invalid_grant`, sign in again";

/** Tokens of these are good for nothing any more. */
async function areDead(client: Client, tokens: Tokens): Promise<void> {
  expect(named(await client.refresh(tokens)), "the refresh token").toBe("400 invalid_grant");
  expect((await client.call(tokens, "whoami", {})).status, "the access token").toBe(401);
}

async function areAlive(client: Client, tokens: Tokens): Promise<void> {
  expect((await client.call(tokens, "whoami", {})).status, "the access token").toBe(200);
}

/** Whoever is told to sign in again can. */
async function canSignInAgain(client: Client): Promise<void> {
  await areAlive(client, await client.tokens());
}

/** How often something has happened, as the chain in the person's object has it. */
export async function happened(client: Client, event: string): Promise<number> {
  const name = client.place.control.objects.get("subject") ?? "";
  const rows = await client.place.test<[string, string][]>("rows", { name });
  return rows.filter(([key, body]) => key.startsWith("audit:") && body.includes(`"event":"${event}"`)).length;
}

export const flows: Record<string, Flow> = {
  async registration(place) {
    const client = new Client(place);
    const act = () => client.register();
    return {
      client,
      act,
      async again(seen) {
        const answered = seen && !isTryAgain(seen) ? seen : await act();
        expect(answered.status).toBe(201);
        await canSignInAgain(client);
        return seen === answered ? DONE : AGAIN;
      },
    };
  },

  async "sign-in"(place) {
    const client = new Client(place);
    await client.register();
    const signIn = new SignIn(client);
    const act = async () => {
      try {
        return { status: 200, body: { code: await signIn.go() } };
      } catch (stopped) {
        if (stopped instanceof Stopped) return { status: stopped.status, body: { error: stopped.title } };
        throw stopped;
      }
    };
    return {
      client,
      act,
      async again(seen) {
        const answered = seen?.status === 200 ? seen : await act();
        if (answered.status !== 200) {
          expect(answered.body.error).toMatch(/Please go back to your app and connect again\.$/);
          await canSignInAgain(client);
          return "the page asks to connect again";
        }
        const redeemed = await client.redeem(String(answered.body.code));
        expect(named(redeemed)).toBe("tokens");
        await areAlive(client, redeemed.body as unknown as Tokens);
        return seen === answered ? DONE : AGAIN;
      },
    };
  },

  async "code exchange"(place) {
    const client = new Client(place);
    await client.register();
    const code = await client.code();
    const act = () => client.redeem(code);
    return {
      client,
      act,
      async again(seen) {
        const answered = seen && !isTryAgain(seen) ? seen : await act();
        if (isInvalidGrant(answered)) {
          expect(await happened(client, "code redeemed")).toBeLessThanOrEqual(1);
          expect(named(await act()), "once more").toBe("400 invalid_grant");
          await canSignInAgain(client);
          return SIGN_IN_AGAIN;
        }
        expect(named(answered)).toBe("tokens");
        const tokens = answered.body as unknown as Tokens;
        await areAlive(client, tokens);
        // RFC 6749 §4.1.2: a code that is used again ends what it has brought.
        expect(named(await act()), "the code once more").toBe("400 invalid_grant");
        await areDead(client, tokens);
        expect(await happened(client, "code redeemed")).toBe(1);
        return seen === answered ? DONE : AGAIN;
      },
    };
  },

  async refresh(place) {
    const client = new Client(place);
    const tokens = await client.tokens();
    const act = () => client.refresh(tokens);
    return {
      client,
      act,
      async again(seen) {
        // A lease whose holder is gone ends after 15 seconds; whoever comes earlier waits for that.
        await place.test("ahead", { ms: String(LEASE_MS) });
        const answered = seen && !isTryAgain(seen) ? seen : await act();
        if (isInvalidGrant(answered)) {
          await areDead(client, tokens);
          await canSignInAgain(client);
          return SIGN_IN_AGAIN;
        }
        expect(named(answered)).toBe("tokens");
        expect((await act()).body, "once more, at once").toEqual(answered.body);
        const second = await client.refresh(answered.body as unknown as Tokens);
        expect(named(second)).toBe("tokens");
        await areAlive(client, second.body as unknown as Tokens);
        expect(await happened(client, "token refreshed")).toBe(2);
        // RFC 9700 §4.14.2: a former token that is used again ends the family.
        expect(named(await act()), "the first token, later").toBe("400 invalid_grant");
        await areDead(client, second.body as unknown as Tokens);
        return seen === answered ? DONE : AGAIN;
      },
    };
  },

  async revocation(place) {
    const client = new Client(place);
    const tokens = await client.tokens();
    await areAlive(client, tokens);
    const act = () => client.revoke(tokens);
    return {
      client,
      act,
      async again(seen) {
        const answered = seen && !isTryAgain(seen) ? seen : await act();
        expect(answered.status).toBe(200);
        await areDead(client, tokens);
        expect(await happened(client, "access ended")).toBe(1);
        await canSignInAgain(client);
        return seen === answered ? DONE : AGAIN;
      },
    };
  },

  async "tool call with `once`"(place) {
    const client = new Client(place);
    const tokens = await client.tokens();
    const order = client.login;
    const charges = () => bank.charges.get(order) ?? 0;
    const first = async () => {
      const asked = (await client.call(tokens, "pay", { order })).body.result as Record<string, unknown>;
      return asked.requestState;
    };
    const second = (requestState: unknown) => {
      const inputResponses = { "elicit-1": { action: "accept", content: {} } };
      return client.call(tokens, "pay", { order }, { inputResponses, requestState });
    };
    const state = await first();
    const act = () => second(state);
    return {
      client,
      act,
      async again(seen) {
        const answered = seen && !isTryAgain(seen) ? seen : await act();
        expect(charges(), "charges by one state").toBeLessThanOrEqual(1);
        if ("result" in answered.body) {
          expect(JSON.stringify(answered.body)).toContain(`a receipt for ${order}`);
          expect(charges()).toBe(1);
          return seen === answered ? DONE : AGAIN;
        }
        expect(JSON.stringify(answered.body)).toContain("has been used. Call the tool again without it");
        const charged = charges() === 1 ? "charged once" : "not charged";
        expect((await second(await first())).body).toHaveProperty("result");
        return `“call the tool again”; ${charged}`;
      },
    };
  },
};

/** What nobody comes again for: whoever has stolen a code has no reason to. */
export const attacks: Record<string, Flow> = {
  async "code used twice"(place) {
    const client = new Client(place);
    await client.register();
    const code = await client.code();
    const tokens = (await client.redeem(code)).body as unknown as Tokens;
    await areAlive(client, tokens);
    return {
      client,
      act: () => client.redeem(code),
      async again(seen) {
        const isEnded = (await happened(client, "code refused")) > 0;
        expect(isEnded || seen === undefined).toBe(true);
        await alarm(client);
        await (isEnded ? areDead(client, tokens) : areAlive(client, tokens));
        return isEnded ? "the grant has ended, everywhere" : "no effect";
      },
    };
  },
};

/** A minute later the person's object tells what could not be told before. */
async function alarm({ place }: Client): Promise<void> {
  const name = place.control.objects.get("subject") ?? "";
  await place.test("ahead", { ms: String(120_000) });
  await place.test("ring", { name });
  await place.test("ahead", { ms: "0" });
}

/** What somebody is told while something is away: in any case the truth, and never that a token is good for nothing. */
export function toldMeanwhile({ status, body }: Answered): string {
  if (status < 300 && !("error" in body)) return "works";
  // A guard that cannot tell has no body.
  const error = (body.error ?? "") as string | { message: string };
  const said = typeof error === "string" ? error : error.message;
  // No client throws its tokens away for it.
  expect([302, 503]).toContain(status);
  return `${String(status)}${said && `: ${said}`}`;
}

/** No record of what has happened to the person is missing where the operator keeps them, and none is there that is not so. */
export async function auditIsWhole(client: Client): Promise<void> {
  const { place, subject } = client;
  const name = place.control.objects.get("subject");
  await place.test("settled");
  if (name === undefined) return;
  const kept = await place.test<[string, string][]>("rows", { name });
  const inChain = kept
    .filter(([key]) => key.startsWith("audit:"))
    .map(([, body]) => recordOf((JSON.parse(body) as { v1: Kept }).v1));
  await alarm(client);
  const told = await place.test<{ chain: string | null; record: string }[]>("audit", { subject });
  const inDatabase = told
    .filter(({ chain }) => chain !== null)
    .map(({ record }) => recordOf(JSON.parse(record) as Kept));
  expect(inDatabase, "the audit records in D1").toEqual(inChain);
}

/** A record as its row in the object has it, or flat as the operator has it. */
interface Kept {
  seq?: number;
  record?: { seq: number };
  mac: string;
}

/** As much of a record as tells it from all others. */
function recordOf({ seq, record, mac }: Kept): string {
  return `${String(seq ?? record?.seq)} ${mac}`;
}

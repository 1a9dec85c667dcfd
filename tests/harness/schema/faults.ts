/** What is wrong with a message that a server has sent, by the official schema of its revision. */
import type { Definitions, Revision } from "./definitions.ts";

/** One revision's definitions, and a check for each: the faults that it finds, or nothing. */
export interface Oracle {
  definitions: Definitions;
  check: (definition: string, value: unknown) => string | undefined;
}

export type Oracles = (revision: Revision) => Oracle;

type Json = Record<string, unknown>;

/** A request that a message may answer. */
export interface Pending {
  /** Not there where nobody can tell. */
  method?: string;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The methods that may ask for input by a result (2026-07-28 patterns/mrtr). */
const MAY_ASK = new Set(["tools/call", "prompts/get", "resources/read"]);

/** That pages have to be opened first, in the one revision that has a form for it. */
const PAGES = -32042;

/** Codes that 2026-07-28 forbids: those it has taken away, and its own range but for the three it has given out. */
const isForbidden = (code: unknown) =>
  typeof code === "number" &&
  ([-32002, -32042].includes(code) || (code <= -32020 && code >= -32099 && ![-32020, -32021, -32022].includes(code)));

/** The faults of `message`, sent in `revision`. `answered` gives the request of an id, if there is one. */
export function faultsOf(
  oracle: Oracle,
  revision: Revision,
  message: unknown,
  answered: (id: unknown) => Pending | undefined,
): string[] {
  if (!isObject(message)) return ["a message must be an object"];
  const by = (definition: string | undefined, value: unknown, otherwise: string) => {
    if (definition === undefined) return [otherwise];
    const fault = oracle.check(definition, value);
    return fault === undefined ? [] : [`${definition}: ${fault}`];
  };
  const { definitions } = oracle;
  if ("method" in message) {
    const method = String(message.method);
    // A handler may send notifications of its own, under its own name.
    if (/^notifications\/[a-z]+\.[a-z./]+$/.test(method) && !("id" in message))
      return by("JSONRPCNotification", message, "");
    return "id" in message
      ? by(definitions.requests.get(method), message, `a server sends no request ${method}`)
      : by(definitions.notifications.get(method), message, `a server sends no notification ${method}`);
  }
  if ("result" in message === "error" in message) return ["a response has either a result or an error"];
  if ("error" in message) {
    // An error may have no id where the request's could not be read, also where the older schemas ask for one.
    const { code } = isObject(message.error) ? message.error : {};
    const definition = definitions.errors.get(code as number) ?? definitions.error;
    const faults = by(definition, "id" in message ? message : { ...message, id: 0 }, "");
    if (code === PAGES && !definitions.errors.has(PAGES)) faults.push(`${revision} does not know the code ${PAGES}`);
    if (revision === "2026-07-28" && isForbidden(code)) faults.push(`2026-07-28 forbids the code ${String(code)}`);
    if ("id" in message && !answered(message.id)) faults.push("nobody asked for this");
    return faults;
  }
  const faults = by(definitions.response, message, "");
  const request = answered(message.id);
  if (!request) return [...faults, "nobody asked for this"];
  if (request.method === undefined) return faults;
  return [...faults, ...resultFaults(definitions, request.method, message.result, by)];
}

function resultFaults(
  definitions: Definitions,
  method: string,
  result: unknown,
  by: (definition: string | undefined, value: unknown, otherwise: string) => string[],
): string[] {
  const unknown = `${method} has no result`;
  const { inputRequired } = definitions;
  if (inputRequired === undefined) return by(definitions.results.get(method), result, unknown);
  const { resultType, inputRequests, requestState } = isObject(result) ? result : {};
  switch (resultType) {
    case "complete":
      return by(definitions.results.get(method), result, unknown);
    case "input_required": {
      const faults = by(inputRequired, result, unknown);
      if (!MAY_ASK.has(method)) faults.push(`${method} may not ask for input`);
      if (inputRequests === undefined && requestState === undefined) faults.push("asks for nothing");
      return faults;
    }
    default:
      return [`resultType is ${JSON.stringify(resultType) as string | undefined}`];
  }
}

/** Which definition of a revision's official schema judges which message. Read from the schemas themselves. */

export const REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const;
export type Revision = (typeof REVISIONS)[number];

/** What a `schema.json` holds of interest. Its definitions are in `definitions` (draft-07) or `$defs` (2020-12). */
export interface Schema {
  definitions?: Record<string, Definition>;
  $defs?: Record<string, Definition>;
}

interface Definition {
  anyOf?: { $ref?: string }[];
  properties?: Record<string, { const?: unknown; allOf?: Definition[] }>;
}

/** The names of the definitions that judge what a server sends. */
export interface Definitions {
  /** Results, by the method of the request. */
  results: Map<string, string>;
  /** Notifications from the server, by method. */
  notifications: Map<string, string>;
  /** Requests from the server, by method; 2026-07-28 has none. */
  requests: Map<string, string>;
  /** Around a result, and around an error. */
  response: string;
  error: string;
  /** Errors with a form of their own, by code. */
  errors: Map<number, string>;
  /** Where the revision asks for input by a result. */
  inputRequired: string | undefined;
}

/** Where the definitions stand in `schema`: the member's name, and what is in it. */
export function insideOf(schema: Schema): { member: string; definitions: Record<string, Definition> } {
  const { $defs, definitions } = schema;
  return $defs ? { member: "$defs", definitions: $defs } : { member: "definitions", definitions: definitions ?? {} };
}

/** Reads the names from `schema`. */
export function definitionsOf(schema: Schema): Definitions {
  const { definitions } = insideOf(schema);
  const among = (union: string): [string, string][] =>
    (definitions[union]?.anyOf ?? []).map(({ $ref }) => {
      const name = $ref?.split("/").at(-1) ?? "";
      return [String(definitions[name]?.properties?.method?.const), name];
    });
  const existing = (name: string, otherwise: string) => (name in definitions ? name : otherwise);
  const results = among("ClientRequest").map(([method, request]): [string, string] => [
    method,
    existing(request.replace(/Request$/, "Result"), "EmptyResult"),
  ]);
  return {
    results: new Map(results),
    notifications: new Map(among("ServerNotification")),
    requests: new Map(among("ServerRequest")),
    response: existing("JSONRPCResultResponse", "JSONRPCResponse"),
    error: existing("JSONRPCErrorResponse", "JSONRPCError"),
    errors: new Map(
      Object.entries(definitions).flatMap(([name, { properties }]) => {
        const codes = (properties?.error?.allOf ?? []).map((part) => part.properties?.code?.const);
        return codes.filter((code) => typeof code === "number").map((code): [number, string] => [code, name]);
      }),
    ),
    inputRequired: "InputRequiredResult" in definitions ? "InputRequiredResult" : undefined,
  };
}

/** All the names, each once. */
export function namesOf(definitions: Definitions): string[] {
  const { results, notifications, requests, response, error, errors, inputRequired } = definitions;
  const around = [response, error, ...errors.values(), "JSONRPCNotification"];
  const names = [...results.values(), ...notifications.values(), ...requests.values(), ...around];
  return [...new Set(inputRequired === undefined ? names : [...names, inputRequired])];
}

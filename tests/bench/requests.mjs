/** The fixed requests, one per row of the benchmark, and what a right answer to each holds. */

import { Failure } from "../../scripts/lib/step.mjs";

/** @typedef {import("./load.mjs").FixedRequest} FixedRequest */

const base = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
const add = { name: "add", arguments: { a: 40, b: 2 } };
const clientInfo = { name: "bench", version: "1.0.0" };
const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": clientInfo,
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** `tools/call` of `add`, revision 2026-07-28. */
export const modernCall = modern("tools/call", add, { "Mcp-Name": add.name });

/** `tools/list`, revision 2026-07-28. */
export const modernList = modern("tools/list", {});

/** `tools/call` of `add`, revision 2025-11-25. A session adds its id to the headers. */
export const legacyCall = legacy({ id: 1, method: "tools/call", params: add });

/**
 * `tools/call` of `add` by so many clients in turn, each of which has a name of its own.
 * @returns {(url: string) => Promise<FixedRequest>}
 */
export const callsOfClients = (/** @type {number} */ count) => async () => ({
  ...modernCall,
  series: series(count, (n) => {
    const client = { ...clientInfo, name: `bench-${n}` };
    const _meta = { ...meta, "io.modelcontextprotocol/clientInfo": client };
    return modern("tools/call", { ...add, _meta }).body;
  }),
});

/** Three tools in turn, revision 2025-11-25, with ids and arguments that change each time. @returns {Promise<FixedRequest>} */
export async function callsInTurn() {
  return {
    ...legacyCall,
    series: series(3_000, (n) => {
      const params = { name: ["add", "plus", "sum"][n % 3], arguments: { a: n, b: n / 8 } };
      return legacy({ id: n, method: "tools/call", params }).body;
    }),
  };
}

/** @returns {import("./load.mjs").Series} */
function series(/** @type {number} */ length, /** @type {(n: number) => string} */ bodyOf) {
  return { values: Array.from({ length }, (_, n) => bodyOf(n)), next: 0 };
}

/** `initialize`, revision 2025-11-25. */
export const opening = legacy({
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
});

/**
 * Opens a session of revision 2025-11-25 and answers the `tools/call` that belongs to it.
 * @param {string} url the endpoint
 * @returns {Promise<FixedRequest>}
 */
export async function sessionCall(url) {
  const answer = await post(url, opening);
  const session = answer.headers.get("Mcp-Session-Id");
  if (answer.status !== 200 || !session) {
    throw new Failure(`${url} opened no session: ${answer.status} ${await answer.text()}`);
  }
  await answer.text();
  const within = (/** @type {FixedRequest} */ request) => ({
    ...request,
    headers: { ...request.headers, "Mcp-Session-Id": session },
  });
  const noticed = await post(url, within(legacy({ method: "notifications/initialized" })));
  await noticed.text();
  return within(legacyCall);
}

/**
 * Sends a fixed request once.
 * @param {string} url
 * @param {FixedRequest} request
 */
export function post(url, { headers, body }) {
  return fetch(url, { method: "POST", headers, body });
}

/**
 * A request of revision 2026-07-28.
 * @returns {FixedRequest}
 */
export function modern(/** @type {string} */ method, /** @type {Record<string, any>} */ given, headers = {}) {
  const params = { ...given, _meta: { ...meta, ...given._meta } };
  return {
    headers: { ...base, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  };
}

/** @returns {FixedRequest} */
function legacy(/** @type {object} */ message) {
  return {
    headers: { ...base, "MCP-Protocol-Version": "2025-11-25" },
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
  };
}

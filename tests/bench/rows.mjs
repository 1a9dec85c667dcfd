/** What is compared: a row is a request, our contestant, its peers, and the bar that ours has to stay under. */
import { isFiftyTools, isFortyTwo } from "./answers.mjs";
import { callsInTurn, callsOfClients, legacyCall, modernCall, modernList, sessionCall } from "./requests.mjs";
import { tokenCall } from "./sign-in.mjs";
import { hs256Call, jwtVars, rs256Call, rs256Calls } from "./tokens.mjs";

/**
 * @typedef {object} Contestant
 * @property {string} id
 * @property {string} name as printed
 * @property {string} main its entry file, from this folder
 * @property {string[]} [flags] compatibility flags beside `enable_request_signal`
 * @property {string[]} [objects] its Durable Object classes; the first is bound as `MCP_OBJECT`
 * @property {Record<string, string>} [vars] variables of its environment
 */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {(url: string) => Promise<import("./load.mjs").FixedRequest>} request the request for a server, which a session has to be opened for first
 * @property {import("./answers.mjs").Check} check
 * @property {Contestant} ours
 * @property {Contestant[]} peers
 * @property {number} bar how many times the floor ours may cost
 */

/** @type {(id: string, objects?: string[]) => Contestant} */
const wicket = (id, objects) => ({
  id: `wicket-${id}`,
  name: "mcp-wicket",
  main: `contestants/wicket-${id}/index.ts`,
  objects,
});

/** @type {(id: string, name: string, objects?: string[]) => Contestant} */
const agents = (id, name, objects) => ({
  id: `agents-${id}`,
  name: `agents ${name}`,
  main: `peers/agents-${id}/index.ts`,
  flags: ["nodejs_compat"],
  objects,
});

/** Ours and `agents` behind `jose`, with tokens of this algorithm. @type {(alg: string) => Pick<Row, "ours" | "peers">} */
const jwt = (alg) => ({
  ours: { ...wicket(`jwt-${alg}`), vars: jwtVars },
  peers: [{ ...agents(`jwt-${alg}`, "createMcpHandler + jose"), vars: jwtVars }],
});

/** So many forms that one which comes round again has been forgotten. */
const UNSEEN = 20_000;

/** @type {Row[]} */
export const rows = [
  {
    id: "noauth-modern",
    request: async () => modernCall,
    check: isFortyTwo,
    ours: wicket("handler"),
    peers: [agents("handler", "createMcpHandler")],
    bar: 1.25,
  },
  {
    id: "noauth-legacy",
    request: async () => legacyCall,
    check: isFortyTwo,
    ours: wicket("handler"),
    peers: [agents("handler", "createMcpHandler")],
    bar: 1.25,
  },
  {
    id: "form-unseen",
    request: callsOfClients(UNSEEN),
    check: isFortyTwo,
    ours: wicket("handler"),
    peers: [agents("handler", "createMcpHandler")],
    bar: 1.45,
  },
  {
    id: "clients-1000",
    request: callsOfClients(1_000),
    check: isFortyTwo,
    ours: wicket("handler"),
    peers: [agents("handler", "createMcpHandler")],
    bar: 1.45,
  },
  {
    id: "three-tools",
    request: callsInTurn,
    check: isFortyTwo,
    ours: wicket("three"),
    peers: [agents("three", "createMcpHandler")],
    bar: 1.25,
  },
  {
    id: "session-legacy",
    request: sessionCall,
    check: isFortyTwo,
    ours: wicket("session", ["MyMCP"]),
    peers: [agents("session", "McpAgent", ["MyMCP"])],
    bar: 1.5,
  },
  {
    id: "tools-list-50",
    request: async () => modernList,
    check: isFiftyTools,
    ours: wicket("tools"),
    peers: [agents("tools", "createMcpHandler")],
    bar: 1.5,
  },
  { id: "jwt-hs256", request: hs256Call, check: isFortyTwo, ...jwt("hs256"), bar: 1.35 },
  { id: "jwt-rs256-first", request: rs256Calls, check: isFortyTwo, ...jwt("rs256"), bar: 2 },
  { id: "jwt-rs256-cached", request: rs256Call, check: isFortyTwo, ...jwt("rs256"), bar: 1.35 },
  {
    id: "oauth-token",
    request: tokenCall,
    check: isFortyTwo,
    ours: wicket("oauth", ["WicketObject"]),
    peers: [agents("oauth", "+ workers-oauth-provider")],
    bar: 1.35,
  },
  {
    id: "oauth-token-props",
    request: tokenCall,
    check: isFortyTwo,
    ours: wicket("oauth-props", ["WicketObject"]),
    peers: [agents("oauth", "+ workers-oauth-provider")],
    bar: 1.35,
  },
];

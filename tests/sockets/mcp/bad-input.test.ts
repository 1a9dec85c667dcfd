/**
 * What is wrong with a request, header by header and field by field, and the exact answer: absent, empty, twice, of the
 * wrong type, in the wrong case, too long. On both wires, by both entries.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { ask, said } from "./lib/ask.ts";

const ENTRIES = ["/mcp", "/agent"];
const MODERN = "2026-07-28";
const LEGACY = "2025-11-25";
const TOOL = "test_x_mcp_header";
const LONG = "x".repeat(8000);
const SHOWN = `"${"x".repeat(100)}…"`;

type Headers = Record<string, string[]>;
type Json = Record<string, unknown>;

const COMMON: Headers = { "Content-Type": ["application/json"], Accept: ["application/json, text/event-stream"] };
const VERSION = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
const LOG_LEVEL = "io.modelcontextprotocol/logLevel";

/** A good request of each wire; each row spoils one thing. */
const wires = {
  [MODERN]: {
    headers: {
      ...COMMON,
      "MCP-Protocol-Version": [MODERN],
      "Mcp-Method": ["tools/call"],
      "Mcp-Name": [TOOL],
      "Mcp-Param-Region": ["eu"],
    } as Headers,
    body: {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name: TOOL,
        arguments: { region: "eu" },
        _meta: {
          [VERSION]: MODERN,
          [CAPABILITIES]: {},
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
        },
      },
    } as Json,
  },
  [LEGACY]: {
    headers: { ...COMMON, "MCP-Protocol-Version": [LEGACY] } as Headers,
    body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: TOOL, arguments: { region: "eu" } } } as Json,
  },
};
type Wire = keyof typeof wires;

let worker: Running;

beforeAll(async () => {
  worker = await start(at("tests/conformance/everything/wrangler.toml"));
  return () => worker.stop();
});

const listed = (headers: Headers) =>
  Object.entries(headers).flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));

/** The answer to what is sent, which is the same by each entry. */
async function answer(headers: Headers, body: string | Buffer, chunked = false): Promise<string> {
  const answers = await Promise.all(
    ENTRIES.map(async (path) => said(await ask(worker.port, { path, headers: listed(headers), body, chunked }))),
  );
  expect(new Set(answers).size, answers.join(" / ")).toBe(1);
  return answers[0] ?? "";
}

const OK = "200 eu";
const mismatch = (what: string) => `400 -32020 Header mismatch: ${what}`;
const differs = (name: string, value: string, body: string) =>
  mismatch(`${name} is ${value}, but the body has "${body}".`);
const NOT_JSON = "415 -32600 The body must be JSON: send `Content-Type: application/json`.";
const NOT_ACCEPTED = "406 -32600 The response is JSON: send `Accept: application/json, text/event-stream`.";
const FOREIGN = "403 -32600 This origin is not allowed. If it should be, add it to `allowedOrigins`.";
const REBOUND =
  "403 -32600 A server on loopback does not answer to a name that a web page may have (DNS rebinding). Call it as localhost, or add the host name to `allowedHosts` if it should answer to it.";
const unknownVersion = (value: string) =>
  `400 -32600 MCP-Protocol-Version is ${value}; this server supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28.`;
const NO_SESSION = "404 -32001 Unknown session. Start a new one with `initialize`.";
const param = (value: string) => mismatch(`Mcp-Param-Region is ${value}, but the argument "region" is "eu".`);

test("what is not spoiled is answered", async () => {
  for (const wire of [MODERN, LEGACY] as const) {
    expect(await answer(wires[wire].headers, JSON.stringify(wires[wire].body))).toBe(OK);
  }
});

/** Header, its values, and the answer on the new wire and on the old. */
const headerRows: [string, string[], string, string][] = [
  ["Content-Type", [], OK, OK],
  ["Content-Type", [""], OK, OK],
  ["Content-Type", ["application/json", "application/json"], OK, OK],
  ["Content-Type", ["text/plain"], NOT_JSON, NOT_JSON],
  ["Content-Type", ["APPLICATION/JSON"], OK, OK],
  ["Content-Type", [LONG], NOT_JSON, NOT_JSON],
  ["Accept", [], OK, OK],
  ["Accept", [""], OK, OK],
  ["Accept", ["text/html", "application/json"], OK, OK],
  ["Accept", ["text/html"], NOT_ACCEPTED, NOT_ACCEPTED],
  ["Accept", ["APPLICATION/JSON"], OK, OK],
  ["Accept", [LONG], NOT_ACCEPTED, NOT_ACCEPTED],
  ["Origin", [], OK, OK],
  ["Origin", [""], OK, OK], // the runtime takes an empty one for none
  ["Origin", ["null"], FOREIGN, FOREIGN],
  ["Origin", ["http://localhost:3000"], OK, OK],
  ["Origin", ["http://localhost:3000", "http://localhost:3000"], FOREIGN, FOREIGN],
  ["Origin", ["HTTP://LOCALHOST:3000"], FOREIGN, FOREIGN],
  ["Origin", [`http://${LONG}`], FOREIGN, FOREIGN],
  ["Host", ["evil.example"], REBOUND, REBOUND],
  ["Host", ["LOCALHOST"], OK, OK],
  ["Host", ["mcp:8787"], OK, OK], // no page of the web has such a name
  ["Host", [LONG], REBOUND, REBOUND],
  ["MCP-Protocol-Version", [], mismatch(`the MCP-Protocol-Version header is missing; it must be ${MODERN}.`), OK],
  ["MCP-Protocol-Version", [""], differs("MCP-Protocol-Version", '""', MODERN), unknownVersion('""')],
  [
    "MCP-Protocol-Version",
    [MODERN, MODERN],
    differs("MCP-Protocol-Version", `"${MODERN}, ${MODERN}"`, MODERN),
    unknownVersion(`"${MODERN}, ${MODERN}"`),
  ],
  ["MCP-Protocol-Version", ["1"], differs("MCP-Protocol-Version", '"1"', MODERN), unknownVersion('"1"')],
  ["MCP-Protocol-Version", [LONG], differs("MCP-Protocol-Version", SHOWN, MODERN), unknownVersion(SHOWN)],
  ["Mcp-Method", [], mismatch("the Mcp-Method header is missing; it must be tools/call."), OK],
  ["Mcp-Method", [""], differs("Mcp-Method", '""', "tools/call"), OK],
  ["Mcp-Method", ["tools/call", "tools/call"], differs("Mcp-Method", '"tools/call, tools/call"', "tools/call"), OK],
  ["Mcp-Method", ["tools/list"], differs("Mcp-Method", '"tools/list"', "tools/call"), OK],
  ["Mcp-Method", ["TOOLS/CALL"], differs("Mcp-Method", '"TOOLS/CALL"', "tools/call"), OK],
  ["Mcp-Method", [LONG], differs("Mcp-Method", SHOWN, "tools/call"), OK],
  ["Mcp-Name", [], mismatch(`the Mcp-Name header is missing; it must be ${TOOL}.`), OK],
  ["Mcp-Name", [""], differs("Mcp-Name", '""', TOOL), OK],
  ["Mcp-Name", [TOOL, TOOL], differs("Mcp-Name", `"${TOOL}, ${TOOL}"`, TOOL), OK],
  ["Mcp-Name", [TOOL.toUpperCase()], differs("Mcp-Name", `"${TOOL.toUpperCase()}"`, TOOL), OK],
  ["Mcp-Name", [`=?base64?${btoa(TOOL)}?=`], OK, OK],
  ["Mcp-Name", [`=?BASE64?${btoa(TOOL)}?=`], differs("Mcp-Name", `"=?BASE64?${btoa(TOOL)}?="`, TOOL), OK],
  ["Mcp-Name", ["=?base64?*?="], mismatch("Mcp-Name is not valid base64 of UTF-8 text."), OK],
  ["Mcp-Name", ["=?base64?/w==?="], mismatch("Mcp-Name is not valid base64 of UTF-8 text."), OK],
  ["Mcp-Name", [LONG], differs("Mcp-Name", SHOWN, TOOL), OK],
  ["Mcp-Param-Region", [], mismatch('the Mcp-Param-Region header is missing; it mirrors the argument "region".'), OK],
  ["Mcp-Param-Region", [""], param('""'), OK],
  ["Mcp-Param-Region", ["eu", "eu"], param('"eu, eu"'), OK],
  ["Mcp-Param-Region", ["EU"], param('"EU"'), OK],
  ["Mcp-Param-Region", ["=?base64?*?="], mismatch("Mcp-Param-Region is not valid base64 of UTF-8 text."), OK],
  ["Mcp-Param-Region", [LONG], param(SHOWN), OK],
  ["Mcp-Session-Id", [""], OK, NO_SESSION],
  ["Mcp-Session-Id", ["nonsense"], OK, NO_SESSION],
  ["Mcp-Session-Id", ["nonsense", "nonsense"], OK, NO_SESSION],
  ["Mcp-Session-Id", [LONG], OK, NO_SESSION],
  ["Last-Event-ID", ["nonsense"], OK, OK],
  ["Authorization", ["Bearer nonsense"], OK, OK],
];

describe("headers", () => {
  test.each(headerRows)("%s: %j", async (name, values, modern, legacy) => {
    for (const [wire, expected] of [[MODERN, modern] as const, [LEGACY, legacy] as const]) {
      const headers = { ...wires[wire].headers, [name]: values };
      expect([wire, await answer(headers, JSON.stringify(wires[wire].body))]).toEqual([wire, expected]);
    }
  });
});

/** The body in which the field at `path` is written as `raw` (undefined: not at all), under `name` if that differs. */
function spoiled(wire: Wire, path: string[], raw: (now: string) => string | undefined, name = path.at(-1)): string {
  const mark = "\u2400";
  const body = structuredClone(wires[wire].body);
  const last = path.at(-1) as string;
  const holder = path.slice(0, -1).reduce<Json>((value, key) => value[key] as Json, body);
  const text = raw(JSON.stringify(holder[last]));
  Reflect.deleteProperty(holder, last);
  if (text === undefined || name === undefined) return JSON.stringify(body);
  holder[name] = mark;
  return JSON.stringify(body).replace(`"${mark}"`, () => text);
}

const VALUES = ["null", '""', "1", "1.5", "true", "[]", "{}", JSON.stringify(LONG)] as const;
/** `absent`, `twice`, `in the wrong case`, or the JSON that is there instead. */
type Wrong = string;

/** The body that is wrong in this way. */
function wrong(wire: Wire, path: string[], how: Wrong): string {
  const name = path.at(-1) as string;
  if (how === "absent") return spoiled(wire, path, () => undefined);
  if (how === "twice") return spoiled(wire, path, (now) => `${now},${JSON.stringify(name)}:${now}`);
  if (how === "in the wrong case") return spoiled(wire, path, (now) => now, name.toUpperCase());
  return spoiled(wire, path, () => how);
}

const all = (expected: string, ...but: Wrong[]): Partial<Record<Wrong, string>> =>
  Object.fromEntries(
    (["absent", "in the wrong case", ...VALUES] as Wrong[])
      .filter((how) => !but.includes(how))
      .map((how) => [how, expected]),
  );

const twiceIn = (name: string) =>
  `400 -32600 The body must be a JSON-RPC message, a JSON object: the member "${name}" is duplicated.`;
const twiceInParams = (where: string, name: string) =>
  `400 -32602 Invalid params: \`${where}\` must be an object: the member "${name}" is duplicated.`;
const BAD_ID = "400 -32600 `id` must be a string or an integer.";
const NO_METHOD =
  "400 -32600 A message is a request or notification with `method`, or a response with `id` and either `result` or `error`.";
const NO_ENVELOPE = "400 -32602 Invalid params: `params._meta` is required: an object with the request's metadata.";
const NO_NAME = "200 -32602 `params.name` must be a string.";
const BAD_ARGUMENTS = "200 -32602 `params.arguments` must be an object.";
const must = (member: string, kind: string) =>
  `400 -32602 Invalid params: \`params._meta["${member}"]\` is required: ${kind}.`;
const NOT_THERE = mismatch('Mcp-Param-Region is present, but the argument "region" is not.');
const INVALID = (kind: string) =>
  `200 isError Invalid arguments for the tool "${TOOL}": region: Invalid input: expected string, received ${kind}`;

const JSONRPC = { ...all('400 -32600 `jsonrpc` must be "2.0".'), twice: twiceIn("jsonrpc") };
const ID = {
  ...all(BAD_ID, "absent", "in the wrong case", '""', "1", JSON.stringify(LONG)),
  absent: "202",
  "in the wrong case": "202",
  '""': OK,
  1: OK,
  [JSON.stringify(LONG)]: "400 -32600 `id` is longer than 256 bytes.",
  twice: twiceIn("id"),
};
const METHOD = {
  ...all("400 -32600 `method` must be a string.", "absent", "in the wrong case", '""', JSON.stringify(LONG)),
  absent: NO_METHOD,
  null: NO_METHOD,
  "in the wrong case": NO_METHOD,
  twice: twiceIn("method"),
};
const PARAMS = {
  ...all("400 -32602 `params` must be an object.", "absent", "in the wrong case", "{}"),
  twice: twiceIn("params"),
};
const NAME = {
  ...all(NO_NAME, '""', JSON.stringify(LONG)),
  twice: twiceInParams("params", "name"),
};
const ARGUMENTS = {
  ...all(BAD_ARGUMENTS, "absent", "in the wrong case", "{}"),
  twice: twiceInParams("params", "arguments"),
};

/** Field, and the answer to each way of spoiling it; what is not listed is not judged here. */
const fieldRows: [Wire, string[], Record<string, string>][] = [
  [MODERN, ["jsonrpc"], JSONRPC],
  [LEGACY, ["jsonrpc"], JSONRPC],
  [MODERN, ["id"], ID],
  [LEGACY, ["id"], ID],
  [
    MODERN,
    ["method"],
    {
      ...METHOD,
      '""': mismatch('Mcp-Method is "tools/call", but the body has "".'),
      [JSON.stringify(LONG)]: mismatch(`Mcp-Method is "tools/call", but the body has ${SHOWN}.`),
    },
  ],
  [
    LEGACY,
    ["method"],
    {
      ...METHOD,
      '""': '200 -32601 Unknown method "".',
      [JSON.stringify(LONG)]: `200 -32601 Unknown method ${SHOWN}.`,
    },
  ],
  [
    MODERN,
    ["params"],
    { ...PARAMS, absent: NO_ENVELOPE, null: NO_ENVELOPE, "in the wrong case": NO_ENVELOPE, "{}": NO_ENVELOPE },
  ],
  [LEGACY, ["params"], { ...PARAMS, absent: NO_NAME, null: NO_NAME, "in the wrong case": NO_NAME, "{}": NO_NAME }],
  [
    MODERN,
    ["params", "name"],
    {
      ...NAME,
      '""': mismatch(`Mcp-Name is "${TOOL}", but the body has "".`),
      [JSON.stringify(LONG)]: mismatch(`Mcp-Name is "${TOOL}", but the body has ${SHOWN}.`),
    },
  ],
  [
    LEGACY,
    ["params", "name"],
    {
      ...NAME,
      '""': '200 -32602 Unknown tool "".',
      [JSON.stringify(LONG)]: `200 -32602 Unknown tool ${SHOWN}.`,
    },
  ],
  [
    MODERN,
    ["params", "arguments"],
    { ...ARGUMENTS, absent: NOT_THERE, null: NOT_THERE, "in the wrong case": NOT_THERE, "{}": NOT_THERE },
  ],
  [
    LEGACY,
    ["params", "arguments"],
    {
      ...ARGUMENTS,
      absent: INVALID("undefined"),
      null: INVALID("undefined"),
      "in the wrong case": INVALID("undefined"),
      "{}": INVALID("undefined"),
    },
  ],
  [
    MODERN,
    ["params", "arguments", "region"],
    {
      absent: NOT_THERE,
      "in the wrong case": NOT_THERE,
      null: NOT_THERE,
      "[]": NOT_THERE,
      "{}": NOT_THERE,
      '""': mismatch('Mcp-Param-Region is "eu", but the argument "region" is "".'),
      1: mismatch('Mcp-Param-Region is "eu", but the argument "region" is "1".'),
      true: mismatch('Mcp-Param-Region is "eu", but the argument "region" is "true".'),
      twice: '400 -32602 Invalid params: `params.arguments`: the member "region" is duplicated.',
      [JSON.stringify(LONG)]: mismatch(`Mcp-Param-Region is "eu", but the argument "region" is ${SHOWN}.`),
    },
  ],
  [
    LEGACY,
    ["params", "arguments", "region"],
    {
      absent: INVALID("undefined"),
      "in the wrong case": INVALID("undefined"),
      null: INVALID("null"),
      "[]": INVALID("array"),
      "{}": INVALID("object"),
      '""': "200 ",
      1: INVALID("number"),
      true: INVALID("boolean"),
      twice: OK,
      [JSON.stringify(LONG)]: `200 ${LONG}`,
    },
  ],
  [
    MODERN,
    ["params", "_meta"],
    {
      ...all(
        "400 -32602 Invalid params: `params._meta` must be an object: a JSON value of the wrong type.",
        "absent",
        "in the wrong case",
        "{}",
      ),
      absent: NO_ENVELOPE,
      null: NO_ENVELOPE,
      "in the wrong case": NO_ENVELOPE,
      "{}": must(VERSION, "a string"),
      twice: twiceInParams("params", "_meta"),
    },
  ],
  [
    MODERN,
    ["params", "_meta", VERSION],
    {
      ...all(must(VERSION, "a string"), '""', JSON.stringify(LONG)),
      '""': mismatch(`MCP-Protocol-Version is "${MODERN}", but the body has "".`),
      [JSON.stringify(LONG)]: mismatch(`MCP-Protocol-Version is "${MODERN}", but the body has ${SHOWN}.`),
      twice: twiceInParams("params._meta", VERSION),
    },
  ],
  [
    MODERN,
    ["params", "_meta", CAPABILITIES],
    { ...all(must(CAPABILITIES, "an object"), "{}"), "{}": OK, twice: twiceInParams("params._meta", CAPABILITIES) },
  ],
  [
    MODERN,
    ["params", "_meta", LOG_LEVEL],
    {
      ...all(
        `400 -32602 Invalid params: \`params._meta["${LOG_LEVEL}"]\` must be one of debug, info, notice, warning, error, critical, alert, emergency.`,
        "absent",
        "in the wrong case",
      ),
      null: OK,
      '"INFO"': `400 -32602 Invalid params: \`params._meta["${LOG_LEVEL}"]\` must be one of debug, info, notice, warning, error, critical, alert, emergency.`,
      '"info"': OK,
    },
  ],
];

describe("fields", () => {
  test.each(fieldRows)("%s: %j", async (wire, path, expected) => {
    const answers: Record<string, string> = {};
    for (const how of Object.keys(expected)) {
      answers[how] = await answer(wires[wire].headers, wrong(wire, path, how));
    }
    expect(answers).toEqual(expected);
  });
});

const inName = (...bytes: number[]) =>
  Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'), Buffer.from(bytes), Buffer.from('"}')]);
const NO_MESSAGE = "400 -32700 The body must be a JSON-RPC message, a JSON object: not valid JSON at byte";
const NO_UTF8 = "400 -32700 The body is not UTF-8, or begins with a byte order mark.";
const TOO_DEEP = "400 -32600 The body must be a JSON-RPC message, a JSON object: nested deeper than 128 levels.";
const deep = (open: string, close: string) => open.repeat(10_000) + close.repeat(10_000);

const bodies: [string, string | Buffer, string][] = [
  ["nothing", "", `${NO_MESSAGE} 0.`],
  ["half an object", '{"jsonrpc"', `${NO_MESSAGE} 9.`],
  ["two objects", "{}{}", `${NO_MESSAGE} 2.`],
  ["a comma too many", '{"jsonrpc":"2.0",}', `${NO_MESSAGE} 17.`],
  ["a name without quotes", "{jsonrpc:1}", `${NO_MESSAGE} 1.`],
  ["NaN", '{"jsonrpc":NaN}', `${NO_MESSAGE} 11.`],
  ["a number that begins with 0", '{"id":01}', `${NO_MESSAGE} 7.`],
  ["half an escape", '{"jsonrpc":"\\u12"}', `${NO_MESSAGE} 17.`],
  ["a line break in a string", '{"jsonrpc":"\n"}', `${NO_MESSAGE} 11.`],
  ["a byte that begins nothing", inName(0xff), NO_UTF8],
  ["a continuation without its start", inName(0x80), NO_UTF8],
  ["two bytes of four", inName(0xf0, 0x9f), NO_UTF8],
  ["an overlong encoding", inName(0xc0, 0xaf), NO_UTF8],
  ["an encoded surrogate", inName(0xed, 0xa0, 0x80), NO_UTF8],
  ["more than Unicode has", inName(0xf4, 0x90, 0x80, 0x80), NO_UTF8],
  ["arrays 10,000 deep", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${deep("[", "]")}}}`, TOO_DEEP],
  [
    "objects 10,000 deep",
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":${deep('{"x":', "}").replace(":}", ":1}")}}`,
    TOO_DEEP,
  ],
  [
    "a batch 10,000 deep",
    deep("[", "]"),
    "400 -32600 The body must be a JSON-RPC message, a JSON object: nested deeper than 128 levels.",
  ],
];

describe.each([
  { how: "with its length", chunked: false },
  { how: "in chunks", chunked: true },
])("a body $how", ({ chunked }) => {
  test.each(bodies)("%s", async (_what, body, expected) => {
    for (const wire of [MODERN, LEGACY] as const) {
      expect(await answer(wires[wire].headers, body, chunked)).toBe(expected);
    }
  });

  test("that is too long", async () => {
    if (!chunked) {
      // Refused by its length alone: nothing of it need be sent.
      for (const wire of [MODERN, LEGACY] as const) {
        const headers = { ...wires[wire].headers, "Content-Length": [String(4 * 1024 * 1024 + 1)] };
        expect(await answer(headers, "")).toBe("413 -32600 The body is longer than 4 MiB.");
      }
      return;
    }
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping", params: { x: "x".repeat(4 * 1024 * 1024) } });
    for (const wire of [MODERN, LEGACY] as const) {
      expect(await answer(wires[wire].headers, body, chunked)).toBe("413 -32600 The body is longer than 4 MiB.");
    }
  });
});

describe("names that JavaScript knows", () => {
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then"];

  test.each(names)("there is no tool, prompt, method or variable %s", async (name) => {
    const sent = async (wire: Wire, method: string, params: { name?: string }) => {
      const _meta = (wires[wire].body.params as Json)._meta;
      const body = JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method,
        params: { ...params, ...(_meta ? { _meta } : {}) },
      });
      const mirrored = { "Mcp-Method": [method], "Mcp-Name": [params.name ?? ""], "Mcp-Param-Region": [] };
      return answer({ ...wires[wire].headers, ...(wire === MODERN && mirrored) }, body);
    };
    for (const wire of [MODERN, LEGACY] as const) {
      expect(await sent(wire, "tools/call", { name })).toBe(`200 -32602 Unknown tool "${name}".`);
      expect(await sent(wire, "prompts/get", { name })).toBe(`200 -32602 Unknown prompt "${name}".`);
      expect(await sent(wire, name, {})).toBe(`${wire === MODERN ? 404 : 200} -32601 Unknown method "${name}".`);
    }
  });

  test.each(names)("an argument %s changes nothing", async (name) => {
    for (const wire of [MODERN, LEGACY] as const) {
      const body = spoiled(
        wire,
        ["params", "arguments"],
        () => `{"region":"eu",${JSON.stringify(name)}:{"polluted":true}}`,
      );
      expect(await answer(wires[wire].headers, body)).toBe(OK);
      expect(await answer(wires[wire].headers, JSON.stringify(wires[wire].body))).toBe(OK);
    }
  });
});

/** `npx mcp-wicket doctor URL`: nothing is found at real servers, and each mistake of a broken one is. */
import { once } from "node:events";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CODES } from "../../../dist/cli/doctor/findings.js";
import { isPrivate, isPrivateHost } from "../../../dist/cli/doctor/addresses.js";
import { Visit } from "../../../dist/cli/doctor/visit.js";
import { cli } from "../../harness/cli.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";

interface Report {
  findings: { code: string; where: string; what: string; why: string; fix: string; document: string }[];
  steps: { clients: string; request: string; response: string }[];
}

const doctor = (...args: string[]) => cli(["doctor", ...args]);

async function visit(url: string): Promise<Report> {
  const { code, out, err } = await doctor(url, "--json");
  const report = JSON.parse(out) as Report;
  expect([code, err]).toEqual([report.findings.length > 0 ? 1 : 0, ""]);
  return report;
}

describe("a server of this package", () => {
  let open: Running;
  let signIn: Running;
  let tokens: Running;
  let smallest: Running;

  beforeAll(async () => {
    open = await start(at("examples/no-auth/wrangler.toml"));
    const vars = { GITHUB_CLIENT_ID: "client", GITHUB_CLIENT_SECRET: "secret" };
    signIn = await start(at("examples/oauth-github/wrangler.toml"), { vars });
    const secret = { JWT_SECRET: "only-for-this-test-and-for-nothing-else" };
    tokens = await start(at("examples/jwt/wrangler.toml"), { vars: secret });
    smallest = await start(at("tests/sockets/mcp/smallest/wrangler.toml"));
  });
  afterAll(async () => Promise.all([open, signIn, tokens, smallest].map((server) => server.stop())));

  test("without authentication", async () => {
    const { findings, steps } = await visit(`${open.url}/mcp`);
    expect(findings).toEqual([]);
    expect(steps.map(({ request }) => request.replace(open.url, ""))).toEqual(
      expect.arrayContaining(["POST /mcp initialize", "OPTIONS /mcp", "POST /mcp tools/list", "GET /mcp"]),
    );
  });

  test("without authentication and without streams", async () => {
    expect((await visit(`${smallest.url}/mcp`)).findings).toEqual([]);
  });

  test("with sign-in", async () => {
    const { findings, steps } = await visit(`${signIn.url}/mcp`);
    expect(findings).toEqual([]);
    const requests = steps.map(({ request }) => request.replace(signIn.url, ""));
    expect(requests).toEqual(
      expect.arrayContaining([
        "GET /.well-known/oauth-protected-resource/mcp",
        "GET /.well-known/oauth-authorization-server",
        "POST /register",
        "GET /authorize",
      ]),
    );
  });

  test("with tokens that a client cannot get by itself", async () => {
    expect((await visit(`${tokens.url}/mcp`)).findings).toEqual([]);
  });

  test("at its endpoint for older clients, and at a path that is none", async () => {
    expect((await visit(`${open.url}/sse`)).findings.map(({ code }) => code)).toEqual(["legacy_transport"]);
    expect((await visit(`${open.url}/nothing`)).findings.map(({ code }) => code)).toEqual(["endpoint_missing"]);
  });

  test("in plain text", async () => {
    const { code, out } = await doctor(`${open.url}/mcp`);
    expect(code).toBe(0);
    expect(out).toContain(`POST ${open.url}/mcp initialize\n    all clients: 200 application/json\n`);
    expect(out).toMatch(/: Nothing found\. Looked at: \d+ requests\.\n$/);
  });
});

/** What the broken server answers: by method and path, a response as it should be, which a test spoils. */
interface Reply {
  status: number;
  headers: Record<string, string>;
  body?: unknown;
  /** The response is not ended. */
  stays?: boolean;
}
type Rules = Record<string, (asked: Asked) => Reply>;
interface Asked {
  url: URL;
  method: string;
  token: string | undefined;
  body: string;
}

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "WWW-Authenticate, Mcp-Session-Id",
};
const HEADERS = "authorization, content-type, mcp-protocol-version, mcp-session-id";
const json = (body: unknown, status = 200, headers = {}): Reply => ({ status, headers: { ...CORS, ...headers }, body });
const PREFLIGHT: Reply = { status: 204, headers: { ...CORS, "Access-Control-Allow-Headers": HEADERS } };

function openServer(): Rules {
  return {
    "POST /mcp": ({ body }) => {
      const { id, method } = JSON.parse(body) as { id?: number; method: string };
      if (id === undefined) return { status: 202, headers: CORS };
      const result = method === "initialize" ? INITIALIZED : { tools: [TOOL] };
      return json({ jsonrpc: "2.0", id, result }, 200, { "Mcp-Session-Id": "s" });
    },
    "GET /mcp": () => ({ status: 200, headers: { ...CORS, "Content-Type": "text/event-stream" }, stays: true }),
    "DELETE /mcp": () => ({ status: 204, headers: CORS }),
    "OPTIONS /mcp": () => PREFLIGHT,
  };
}

const INITIALIZED = {
  protocolVersion: "2025-11-25",
  capabilities: { tools: {} },
  serverInfo: { name: "broken", version: "1.0.0" },
};
const TOOL: { name: string; inputSchema: unknown } = { name: "add", inputSchema: { type: "object" } };

function guardedServer(): Rules {
  const challenge = ({ url, token }: Asked): Reply => {
    const resource = `${url.origin}/.well-known/oauth-protected-resource/mcp`;
    const error = token === undefined ? "" : ' error="invalid_token",';
    const header = `Bearer${error} resource_metadata="${resource}", scope="mcp"`;
    return json({ error: "unauthorized" }, 401, { "WWW-Authenticate": header });
  };
  const resource = ({ url }: Asked) =>
    json({ resource: `${url.origin}/mcp`, authorization_servers: [url.origin], scopes_supported: ["mcp"] });
  const metadata = ({ url }: Asked) => json(metadataOf(url.origin));
  return {
    "POST /mcp": challenge,
    "GET /mcp": challenge,
    "HEAD /mcp": challenge,
    "OPTIONS /mcp": () => PREFLIGHT,
    "GET /.well-known/oauth-protected-resource/mcp": resource,
    "GET /.well-known/oauth-protected-resource": resource,
    "GET /.well-known/oauth-authorization-server": metadata,
    "GET /.well-known/openid-configuration": metadata,
    "OPTIONS /token": () => PREFLIGHT,
    "OPTIONS /register": () => PREFLIGHT,
    "POST /register": () => json({ client_id: "c" }, 201),
    "GET /authorize": ({ url }): Reply => {
      const { searchParams: asked } = url;
      if (asked.get("response_type") === "code") return { status: 200, headers: {}, body: "<h1>Allow</h1>" };
      const location = `${asked.get("redirect_uri")}?error=unsupported_response_type&iss=${encodeURIComponent(url.origin)}`;
      return { status: 302, headers: { Location: location } };
    },
  };
}

const metadataOf = (origin: string): Record<string, unknown> => ({
  issuer: origin,
  authorization_endpoint: `${origin}/authorize`,
  token_endpoint: `${origin}/token`,
  registration_endpoint: `${origin}/register`,
  response_types_supported: ["code"],
  grant_types_supported: ["authorization_code", "refresh_token"],
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["none"],
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: true,
});

/** The server's metadata, with other members at each place. */
const announcing = (members: Record<string, unknown>): Rules => {
  const rule = ({ url }: Asked) => json({ ...metadataOf(url.origin), ...members });
  return { "GET /.well-known/oauth-authorization-server": rule, "GET /.well-known/openid-configuration": rule };
};
const NOTHING = (): Reply => ({ status: 404, headers: CORS });
const challenged = (header: (origin: string) => string): Rules => {
  const rule = ({ url, token }: Asked) =>
    json({}, 401, {
      "WWW-Authenticate": token === undefined ? header(url.origin) : `Bearer error="invalid_token"`,
    });
  return { "POST /mcp": rule, "GET /mcp": rule, "HEAD /mcp": rule };
};
const onInitialize = (reply: Reply): Rules => ({ "POST /mcp": () => reply });
const tools = (list: unknown): Rules => {
  const usual = openServer()["POST /mcp"];
  return {
    "POST /mcp": (asked) =>
      asked.body.includes("tools/list")
        ? json({ jsonrpc: "2.0", id: 2, result: { tools: list } })
        : (usual?.(asked) ?? NOTHING()),
  };
};

type Planted = [code: string, spoil: Rules];

const OPEN: Planted[] = [
  ["initialize_failed", onInitialize(json({ error: "broken" }, 500))],
  ["initialize_failed", onInitialize(json({ jsonrpc: "2.0", id: 1, error: { code: -32603, message: "broken" } }))],
  ["initialize_failed", onInitialize(json("hello"))],
  [
    "initialize_failed",
    onInitialize(json({ jsonrpc: "2.0", id: 1, result: { ...INITIALIZED, capabilities: null, serverInfo: null } })),
  ],
  // A long line in which a response could begin anywhere.
  [
    "initialize_failed",
    onInitialize({
      status: 200,
      headers: { ...CORS, "Content-Type": "text/event-stream" },
      body: `data: {${'"error":'.repeat(100_000)}`,
    }),
  ],
  ["endpoint_missing", { ...onInitialize(NOTHING()), "GET /mcp": NOTHING }],
  ["endpoint_missing", onInitialize({ status: 301, headers: { Location: "/elsewhere" } })],
  [
    "legacy_transport",
    {
      ...onInitialize({ status: 405, headers: CORS }),
      "GET /mcp": () => ({
        status: 200,
        headers: { ...CORS, "Content-Type": "text/event-stream" },
        body: "event: endpoint\ndata: /message\n\n",
        stays: true,
      }),
    },
  ],
  ["tools_failed", tools(undefined)],
  ["tool_unusable", tools([{ ...TOOL, name: "add two numbers" }])],
  ["tool_unusable", tools([{ name: "add" }])],
  ["tool_unusable", tools([null, TOOL])],
  ["stream_refused", { "GET /mcp": () => json({}, 404) }],
  ["stream_refused", { "GET /mcp": () => json({}) }],
  [
    "stream_ends",
    { "GET /mcp": () => ({ status: 200, headers: { "Content-Type": "text/event-stream" }, body: "\n" }) },
  ],
  ["cors_preflight", { "OPTIONS /mcp": NOTHING }],
];

const GUARDED: Planted[] = [
  ["challenge_missing", { "GET /mcp": () => ({ status: 405, headers: CORS }) }],
  ["challenge_missing", { "HEAD /mcp": () => json({}, 403, {}) }],
  ["challenge_without_metadata", challenged(() => "Bearer")],
  [
    "scopes_not_announced",
    {
      ...challenged((origin) => `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`),
      ...Object.fromEntries(
        ["GET /.well-known/oauth-protected-resource/mcp", "GET /.well-known/oauth-protected-resource"].map((place) => [
          place,
          ({ url }: Asked) => json({ resource: `${url.origin}/mcp`, authorization_servers: [url.origin] }),
        ]),
      ),
    },
  ],
  [
    "token_accepted",
    {
      "POST /mcp": (asked) =>
        asked.token === undefined ? (guardedServer()["POST /mcp"]?.(asked) ?? NOTHING()) : json({}),
    },
  ],
  [
    "token_refused_wrongly",
    {
      "POST /mcp": (asked) =>
        asked.token === undefined ? (guardedServer()["POST /mcp"]?.(asked) ?? NOTHING()) : json({}, 403),
    },
  ],
  ["cors_preflight", { "OPTIONS /mcp": () => json({}, 401) }],
  [
    "cors_preflight",
    {
      "OPTIONS /mcp": () => ({ status: 204, headers: { ...CORS, "Access-Control-Allow-Headers": "content-type, *" } }),
    },
  ],
  ["cors_preflight", { "OPTIONS /token": NOTHING }],
  ["cors_preflight", { "OPTIONS /register": NOTHING }],
  [
    "cors_origin",
    {
      "GET /.well-known/oauth-protected-resource/mcp": (asked) => ({
        ...(guardedServer()["GET /.well-known/oauth-protected-resource/mcp"]?.(asked) ?? NOTHING()),
        headers: {},
      }),
    },
  ],
  [
    "cors_origin",
    {
      "POST /mcp": (asked) => {
        const reply = guardedServer()["POST /mcp"]?.(asked) ?? NOTHING();
        return { ...reply, headers: { ...reply.headers, "Access-Control-Allow-Origin": "https://example.com" } };
      },
    },
  ],
  [
    "cors_headers_hidden",
    {
      "POST /mcp": (asked) => {
        const reply = guardedServer()["POST /mcp"]?.(asked) ?? NOTHING();
        return { ...reply, headers: { ...reply.headers, "Access-Control-Expose-Headers": "Mcp-Session-Id" } };
      },
    },
  ],
  ["resource_metadata_missing", { "GET /.well-known/oauth-protected-resource/mcp": NOTHING }],
  [
    "resource_metadata_wrong",
    {
      "GET /.well-known/oauth-protected-resource/mcp": ({ url }) =>
        json({ resource: "https://other.example.com/mcp", authorization_servers: [url.origin] }),
    },
  ],
  [
    "resource_metadata_wrong",
    {
      "GET /.well-known/oauth-protected-resource/mcp": ({ url }) =>
        json({ resource: `${url.origin}/mcp`, authorization_servers: "none" }),
    },
  ],
  [
    "resource_metadata_wrong",
    {
      "GET /.well-known/oauth-protected-resource/mcp": ({ url }) =>
        json({ resource: `${url.origin}/mcp`, authorization_servers: ["nowhere", url.origin] }),
    },
  ],
  [
    "metadata_not_json",
    { "GET /.well-known/openid-configuration": () => ({ status: 200, headers: CORS, body: "<h1>Welcome</h1>" }) },
  ],
  ["metadata_not_json", { "GET /.well-known/oauth-protected-resource": () => json({}, 500) }],
  [
    "server_metadata_missing",
    {
      "GET /.well-known/oauth-authorization-server": NOTHING,
      "GET /.well-known/openid-configuration": NOTHING,
    },
  ],
  [
    "server_metadata_differs",
    {
      "GET /.well-known/openid-configuration": ({ url }) =>
        json({ ...metadataOf(url.origin), token_endpoint: `${url.origin}/other` }),
    },
  ],
  [
    "issuer_wrong",
    {
      ...announcing({ issuer: "https://other.example.com" }),
      "GET /authorize": () => ({ status: 200, headers: {}, body: "<h1>Allow</h1>" }),
    },
  ],
  ["endpoints_missing", announcing({ token_endpoint: undefined })],
  ["endpoints_missing", announcing({ response_types_supported: ["token"] })],
  ["pkce_not_announced", announcing({ code_challenge_methods_supported: ["plain"] })],
  ["pkce_not_announced", announcing({ code_challenge_methods_supported: undefined })],
  ["iss_not_announced", announcing({ authorization_response_iss_parameter_supported: undefined })],
  ["public_clients_refused", announcing({ token_endpoint_auth_methods_supported: ["client_secret_basic"] })],
  ["public_clients_refused", announcing({ token_endpoint_auth_methods_supported: undefined })],
  ["refresh_not_announced", announcing({ grant_types_supported: ["authorization_code"] })],
  [
    "registration_missing",
    announcing({ registration_endpoint: undefined, client_id_metadata_document_supported: false }),
  ],
  ["cimd_not_announced", announcing({ client_id_metadata_document_supported: undefined })],
  ["registration_refused", { "POST /register": () => json({ error: "invalid_redirect_uri" }, 400) }],
  ["authorize_refused", { "GET /authorize": () => ({ status: 400, headers: {}, body: "no" }) }],
  [
    "loopback_port_refused",
    {
      "GET /authorize": (asked) =>
        asked.url.searchParams.get("redirect_uri")?.includes(":33418/")
          ? (guardedServer()["GET /authorize"]?.(asked) ?? NOTHING())
          : { status: 400, headers: {}, body: "no" },
    },
  ],
  [
    "iss_missing",
    {
      "GET /authorize": ({ url: { searchParams: asked } }): Reply =>
        asked.get("response_type") === "code"
          ? { status: 200, headers: {}, body: "<h1>Allow</h1>" }
          : { status: 302, headers: { Location: `${asked.get("redirect_uri")}?error=unsupported_response_type` } },
    },
  ],
  [
    "iss_missing",
    {
      "GET /authorize": ({ url: { searchParams: asked } }): Reply => ({
        status: 200,
        headers: {},
        body: `<a href="${asked.get("redirect_uri")}?error=x&amp;iss=https%3A%2F%2Fother.example.com">Return</a>`,
      }),
    },
  ],
];

describe("a broken server: each planted mistake is found, and nothing else", () => {
  let rules: Rules = {};
  let server: Server;
  let url = "";

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const { method = "", headers } = request;
        const asked = { url: new URL(request.url ?? "/", url), method, token: headers.authorization, body };
        const reply = (rules[`${method} ${asked.url.pathname}`] ?? NOTHING)(asked);
        const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? "");
        const type = typeof reply.body === "string" ? "text/html" : "application/json";
        response.writeHead(reply.status, {
          ...(reply.body !== undefined && { "Content-Type": type }),
          ...reply.headers,
        });
        response.flushHeaders();
        if (reply.body !== undefined && method !== "HEAD") response.write(text);
        if (!reply.stays) response.end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test("as it should be, nothing is found", async () => {
    for (const sound of [openServer(), guardedServer()]) {
      rules = sound;
      expect((await visit(`${url}/mcp`)).findings).toEqual([]);
    }
    rules = { ...openServer(), "GET /mcp": () => ({ status: 405, headers: CORS }) };
    expect((await visit(`${url}/mcp`)).findings).toEqual([]);
  });

  test.each(OPEN)("without sign-in, %s: %#", async (code, spoil) => {
    rules = { ...openServer(), ...spoil };
    expect((await visit(`${url}/mcp`)).findings.map((found) => found.code)).toEqual([code]);
  });

  test.each(GUARDED)("with sign-in, %s: %#", async (code, spoil) => {
    rules = { ...guardedServer(), ...spoil };
    const codes = new Set((await visit(`${url}/mcp`)).findings.map((found) => found.code));
    expect([...codes]).toEqual([code]);
  });

  test("metadata of an issuer with a path is looked for at each spelling", async () => {
    const at = (place: string) => [
      `GET ${place}`,
      ({ url: { origin } }: Asked) => json({ ...metadataOf(origin), issuer: `${origin}/tenant` }),
    ];
    const resource = ({ url: { origin } }: Asked) =>
      json({ resource: `${origin}/mcp`, authorization_servers: [`${origin}/tenant`], scopes_supported: ["mcp"] });
    for (const place of [
      "/.well-known/oauth-authorization-server/tenant",
      "/.well-known/openid-configuration/tenant",
      "/tenant/.well-known/openid-configuration",
    ]) {
      rules = {
        ...guardedServer(),
        "GET /.well-known/oauth-protected-resource/mcp": resource,
        "GET /.well-known/oauth-protected-resource": resource,
        "GET /authorize": () => ({ status: 200, headers: {}, body: "" }),
        ...(Object.fromEntries([at(place)]) as Rules),
      };
      expect((await visit(`${url}/mcp`)).findings).toEqual([]);
    }
  });

  test("its own registration is deleted at the server alone", async () => {
    const deleted: string[] = [];
    const own = (host: string): Rules => ({
      "POST /register": ({ url }) => {
        const at = `http://${host}:${url.port}/register/c`;
        return json({ client_id: "c", registration_client_uri: at, registration_access_token: "t" }, 201);
      },
      "DELETE /register/c": () => {
        deleted.push(host);
        return { status: 204, headers: {} };
      },
    });
    for (const host of ["127.0.0.1", "localhost"]) {
      rules = { ...guardedServer(), ...own(host) };
      expect((await visit(`${url}/mcp`)).findings).toEqual([]);
    }
    expect(deleted).toEqual(["127.0.0.1"]);
  });

  test("of any number of mistakes of one kind, of any length, it lists twenty, and says that there are more", async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => ({ ...TOOL, name: `!${String(at)}${"x".repeat(600)}` }));
    rules = { ...openServer(), ...tools(many) };
    const { findings } = await visit(`${url}/mcp`);
    const found = findings.filter(({ code }) => code === "tool_unusable");
    expect(found).toHaveLength(21);
    expect(found.at(-1)?.what).toBe("There are more of this kind, which are not listed.");
    for (const { what } of found) expect(what.length).toBeLessThan(600);
  });

  test("what a server says cannot write to the terminal", async () => {
    rules = { ...openServer(), ...tools([{ ...TOOL, name: "\u001b[2Jadd\n\u202eall is well" }, { name: "x\u009b" }]) };
    const { out } = await doctor(`${url}/mcp`);
    expect(out).not.toMatch(/[\u001b\u009b\u202e]/);
    const asJson = await doctor(`${url}/mcp`, "--json");
    expect(asJson.out).not.toMatch(/[\u001b\u009b\u202e]/);
    expect((JSON.parse(asJson.out) as Report).findings.map(({ what }) => what)).toContain(
      "The inputSchema of x\u009b is not of type object.",
    );
    expect(out).toContain("The inputSchema of x\\u{9b} is not of type object.");
  });

  test("a public server cannot send it into a private network", async () => {
    for (const name of ["localhost", "a.localhost", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255"]) {
      expect(isPrivate(name), name).toBe(true);
    }
    for (const name of ["192.168.1.1", "169.254.169.254", "0.0.0.0", "[::1]", "[fd00::1]", "[fe80::1]", "router"]) {
      expect(isPrivate(name), name).toBe(true);
    }
    for (const name of [
      "printer.local",
      "metadata.google.internal",
      "LOCALHOST.",
      "[::ffff:7f00:1]",
      "100.64.0.1",
      "[64:ff9b::a00:1]",
      "[2002:a00:1::]",
      "192.0.0.8",
      "198.19.0.1",
      "[64:ff9b:1::1]",
      "wiki.corp",
    ]) {
      expect(isPrivate(name), name).toBe(true);
    }
    for (const name of [
      "example.com",
      "172.32.0.1",
      "11.0.0.1",
      "[2606:4700::1111]",
      "local.example",
      "10.example.com",
    ]) {
      expect(isPrivate(name), name).toBe(false);
    }
    for (const [address, expected] of [
      ["10.0.0.1", true],
      ["fe80::1", true],
      ["192.0.2.1", false],
    ] as const) {
      const resolve = () => Promise.resolve([{ address: "192.0.2.2" }, { address }]);
      expect(await isPrivateHost("intranet.example.com", resolve)).toBe(expected);
    }
    // An address for documentation (RFC 5737), at which nothing answers.
    const seen = new Visit("https://192.0.2.1/mcp");
    rules = openServer();
    for (const target of [`${url}/mcp`, "data:application/json,{}"]) {
      expect((await seen.ask("", target)).error).toMatch(/^not asked: /);
      expect((await seen.stream("", target, {})).error).toMatch(/^not asked: /);
    }
  });

  test("a stream that never begins is given up", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const place = `http://127.0.0.1:${String((silent.address() as AddressInfo).port)}/mcp`;
    const { status, error } = await new Visit(place, 50).stream("all clients", place, {});
    expect([status, error]).toEqual([0, "no response within 0.05 seconds"]);
    silent.closeAllConnections();
    silent.close();
  });

  test("not_https: http that is not on loopback", async () => {
    rules = openServer();
    const named = `${url.replace("127.0.0.1", "0.0.0.0")}/mcp`;
    expect((await visit(named)).findings.map(({ code, where }) => [code, where])).toEqual([["not_https", named]]);
  });

  test("every finding of the list is planted here", () => {
    expect(new Set([...OPEN, ...GUARDED].map(([code]) => code))).toEqual(
      new Set(CODES.server.filter((code) => code !== "not_https")),
    );
  });
});

test("what cannot be reached, and what is no URL of an endpoint", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const url = `http://127.0.0.1:${String(port)}/mcp`;
  const plain = await doctor(url);
  expect(plain).toMatchObject({ code: 2, out: "" });
  expect(plain.err).toContain("cannot be reached: ECONNREFUSED. Is the server running?");
  const { code, out } = await doctor(url, "--json");
  expect([code, JSON.parse(out)]).toEqual([2, { target: url, error: plain.err.trim() }]);
  expect(await doctor("https://ann:pw@example.com/mcp")).toMatchObject({ code: 2 });
});

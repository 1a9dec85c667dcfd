/**
 * `npx mcp-wicket grants`, `clients` and `audit verify --d1`, against a Worker on a socket: what they do, and what they say to
 * people, to machines, and where something is missing.
 */
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type SignedIn, signIn } from "mcp-wicket/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Said, cli } from "../../harness/cli.ts";
import { at } from "../../harness/paths.ts";
import { type WithD1, startWithD1 } from "./lib/with-d1.ts";

const WICKET_SECRET = "VbL2XkPZQ8yT5cWn0aRfJh3uEoSgKd7iM1wqBzNxYv4";
const REDIRECT = "https://client.example/cb";

let worker: WithD1;
/** The operator's key, and one for tools. */
let token: string;
let tools: string;

/** A new key and its record. */
async function keyOf(name: string, scope: string): Promise<{ key: string; keys: object[] }> {
  return JSON.parse((await cli(["keys", "--api", name, "--scope", scope])).out) as { key: string; keys: object[] };
}

beforeAll(async () => {
  const [ops, ci] = [await keyOf("ops", "operator"), await keyOf("ci", "mcp")];
  [token, tools] = [ops.key, ci.key];
  const API_KEYS = JSON.stringify([...ops.keys, ...ci.keys]);
  worker = await startWithD1(at("tests/sockets/oauth/operator/wrangler.toml"), { API_KEYS, WICKET_SECRET });
  return () => worker.stop();
});

/** Runs the command with the operator's token, or with another environment. */
const run = (args: string[], env: Record<string, string> = { WICKET_OPERATOR_TOKEN: token }): Promise<Said> =>
  cli([...args, worker.url], env);

async function json<T>(args: string[]): Promise<T> {
  const said = await run([...args, "--json"]);
  expect([said.code, said.out]).toEqual([0, expect.stringMatching(/^[[{n"]/)]);
  return JSON.parse(said.out) as T;
}

interface Client {
  clientId: string;
  clientSecret?: string;
}

/** A client of the operator's, which needs no approval. */
const created = (name: string) =>
  json<Client>(["clients", "create", "--name", name, "--redirect", REDIRECT, "--auth", "none"]);

async function signedIn(user: string, { clientId }: Client): Promise<SignedIn> {
  return signIn(worker.url, { client: { clientId, redirectUri: REDIRECT }, headers: { "x-user": user } });
}

test("a client waits, is approved, gets a grant; the grant is listed, ended, and the events are verified from D1", async () => {
  const metadata = { client_name: "Stranger", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" };
  const registered = await fetch(`${worker.url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(metadata),
  });
  const { client_id: id } = (await registered.json()) as { client_id: string };
  const stranger = { clientId: id };
  expect((await run(["clients", "waiting"])).out).toBe("No clients wait for approval.\n");
  await expect(signedIn("ann", stranger)).rejects.toThrow();
  const waiting = await run(["clients", "waiting"]);
  expect(waiting).toMatchObject({ code: 0, err: "" });
  expect(waiting.out.split("\n")[0]).toMatch(/^client +name +authentication +created \(UTC\) +redirect URIs$/);
  expect(waiting.out).toMatch(
    new RegExp(`^${id} +Stranger +none +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d +${REDIRECT}$`, "m"),
  );
  expect(await run(["clients", "approve", "--client", id])).toEqual({
    code: 0,
    out: "The client is approved.\n",
    err: "",
  });

  const { accessToken } = await signedIn("ann", stranger);
  const used = () =>
    fetch(`${worker.url}/mcp`, {
      method: "POST",
      headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
  expect((await used()).status).not.toBe(401);
  const grants = await run(["grants", "list", "--user", "ann"]);
  expect(grants.out).toMatch(new RegExp(`^\\S+ +${id} +Stranger +mcp `, "m"));
  const [grant] = await json<{ id: string }[]>(["grants", "list", "--user", "ann"]);
  const revoke = ["grants", "revoke", "--user", "ann", "--grant", grant?.id ?? ""];
  expect(await run(revoke)).toMatchObject({ code: 0, out: expect.stringMatching(/^1 revoked/) as string });
  expect((await used()).status).toBe(401);
  expect(await run(revoke)).toEqual({ code: 1, out: "", err: "This person has no such grant: check the IDs.\n" });
  expect((await run(["grants", "list", "--user", "ann"])).out).toBe("This person has no grants.\n");

  const verified = await cli(["audit", "verify", "--d1", worker.url], { WICKET_OPERATOR_TOKEN: token, WICKET_SECRET });
  expect([verified.code, verified.err]).toEqual([0, ""]);
  expect(verified.out).toContain("No gaps and no modifications.");
  await worker.db.prepare("UPDATE wicket_audit SET reason = 'x' WHERE event = 'access ended'").run();
  const changed = await cli(["audit", "verify", "--d1", worker.url], { WICKET_OPERATOR_TOKEN: token, WICKET_SECRET });
  expect([changed.code, changed.out]).toEqual([1, expect.stringContaining('the column reason has "x"')]);
  await worker.db
    .prepare("UPDATE wicket_audit SET reason = json_extract(record, '$.reason') WHERE event = 'access ended'")
    .run();
});

test("more events than a page has are read to the end", async () => {
  const one = `INSERT INTO wicket_audit (time, event, record) SELECT '2026-01-01T00:00:00.000Z', 'noise', '{"event":"noise"}'`;
  await worker.db
    .prepare(
      `${one} FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) SELECT i FROM n)`,
    )
    .run();
  const { clientId } = await created("After the noise");
  await signedIn("zoe", { clientId });
  const { results } = await worker.db
    .prepare("SELECT chain FROM wicket_audit WHERE chain IS NOT NULL ORDER BY rowid DESC LIMIT 1")
    .all<{ chain: string }>();
  const { code, out } = await cli(["audit", "verify", "--d1", worker.url], {
    WICKET_OPERATOR_TOKEN: token,
    WICKET_SECRET,
  });
  expect([code, out]).toEqual([0, expect.stringContaining(`chain ${results[0]?.chain ?? "?"}: 2 records`)]);
});

test("all grants of a person, and of a client", async () => {
  const [one, other] = [await created("One"), await created("Other")];
  for (const client of [one, other]) await signedIn("ben", client);
  await signedIn("eve", other);
  expect((await run(["grants", "revoke", "--user", "ben", "--all"])).out).toMatch(/^2 revoked/);
  expect((await run(["clients", "revoke", "--client", other.clientId])).out).toMatch(/^All grants of the client/);
  expect(await json(["grants", "list", "--user", "eve"])).toEqual([]);
  const gone = await run(["clients", "revoke", "--client", "o_DnweuTb9-xYQ8XSIqThTFOzARyzyebzx"]);
  expect([gone.code, gone.out, gone.err]).toEqual([1, "", expect.stringContaining("does not know this client")]);
});

test("a secret is shown once, with a sentence, and each rotation has another one", async () => {
  const made = await run(["clients", "create", "--name", "Reports", "--redirect", REDIRECT]);
  const [, id = "", first = ""] = /^client {2}(\S+)\nsecret {2}(\S{43})\n$/.exec(made.out) ?? [];
  expect([made.code, made.err.split("\n").length]).toEqual([0, 2]);
  expect(made.err).toMatch(/^Store the secret now: /);
  expect((await run(["clients", "list"])).out).toMatch(new RegExp(`^${id} +Reports +client_secret_basic`, "m"));
  expect((await run(["clients", "list", "--json"])).out).not.toContain(first);
  const raced = await Promise.all([1, 2, 3].map(() => json<Client>(["clients", "rotate", "--client", id])));
  const secrets = [first, ...raced.map(({ clientSecret = "" }) => clientSecret)];
  expect(new Set(secrets).size).toBe(4);
  expect(worker.log()).not.toContain(first);
  expect(await run(["clients", "revoke", "--client", id, "--secret"])).toMatchObject({ code: 0, err: "" });
  expect((await run(["clients", "delete", "--client", id])).out).toMatch(/^The client is deleted/);
  const again = await run(["clients", "rotate", "--client", id]);
  expect([again.code, again.out, again.err]).toEqual([1, "", expect.stringContaining(`has the ID ${id}`)]);
  expect((await run(["clients", "delete", "--client", id])).code).toBe(1);
});

describe("what is missing is said, with what to do", () => {
  const list = ["grants", "list", "--user", "ann"];
  const wrong: [string, () => Promise<Said>, string][] = [
    ["no token", () => run(list, {}), "Set WICKET_OPERATOR_TOKEN"],
    ["an empty token", () => run(list, { WICKET_OPERATOR_TOKEN: " " }), "Set WICKET_OPERATOR_TOKEN"],
    [
      "a token of two lines",
      () => run(list, { WICKET_OPERATOR_TOKEN: "s3cret\nline" }),
      "characters that no token has",
    ],
    [
      "a made-up token",
      () => run(list, { WICKET_OPERATOR_TOKEN: "s3cret" }),
      "(401): check that WICKET_OPERATOR_TOKEN",
    ],
    [
      "the token of somebody who has signed in",
      async () => {
        const { accessToken } = await signedIn("ann", await created("Hers"));
        return run(list, { WICKET_OPERATOR_TOKEN: accessToken });
      },
      "(401): check that WICKET_OPERATOR_TOKEN",
    ],
    ["a key for tools", () => run(list, { WICKET_OPERATOR_TOKEN: tools }), 'does not have the scope "operator" (403)'],
    ["another path", () => cli([...list, `${worker.url}/ops`], { WICKET_OPERATOR_TOKEN: token }), "no operator route"],
    [
      "the MCP endpoint",
      () => cli([...list, `${worker.url}/mcp`], { WICKET_OPERATOR_TOKEN: token }),
      "no operator route",
    ],
    ["http", () => cli([...list, "http://mcp.example.com"], { WICKET_OPERATOR_TOKEN: token }), "Use https"],
    [
      "http, and a name that begins as this computer's",
      () => cli([...list, "http://localhost.example.com"], {}),
      "Use https",
    ],
    ["no URL", () => cli(list, { WICKET_OPERATOR_TOKEN: token }), "Specify the URL of the server"],
    ["two URLs", () => run([...list, "https://a.example"]), "Specify only one URL"],
    ["a URL with a password", () => cli([...list, "https://a:b@a.example"], {}), "not the URL of a server"],
    ["nobody there", () => cli([...list, "http://127.0.0.1:1"], { WICKET_OPERATOR_TOKEN: token }), "cannot be reached"],
    ["no person", () => run(["grants", "list"]), "--user"],
    ["neither a grant nor all", () => run(["grants", "revoke", "--user", "ann"]), "either --grant ID"],
    ["both", () => run(["grants", "revoke", "--user", "a", "--grant", "b", "--all"]), "either --grant ID"],
    ["no client", () => run(["clients", "approve"]), "--client"],
    ["a client that is none", () => run(["clients", "approve", "--client", "x y"]), "not a client identifier"],
    [
      "a redirect URI that is none",
      () => run(["clients", "create", "--name", "A", "--redirect", "javascript:1"]),
      "redirectUris",
    ],
    ["an unknown option", () => run([...list, "--token", "s3cret"]), "--help"],
    [
      "a file and a server",
      () => run(["audit", "verify", "file", "--d1"], { WICKET_SECRET }),
      "exactly one file or server",
    ],
  ];
  test.each(wrong)("%s", async (_, attempt, message) => {
    const { code, out, err } = await attempt();
    expect([code, out, err]).toEqual([1, "", expect.stringContaining(message)]);
    expect(err).not.toContain(token);
    if (message !== "--help") expect(err).not.toContain("s3cret");
  });

  test("an unknown command shows how it is used", async () => {
    const { code, err } = await run(["clients", "remove"]);
    expect([code, err]).toEqual([2, expect.stringContaining("mcp-wicket clients waiting URL")]);
  });
});

describe("a server that is not what it seems", () => {
  let server: Server;
  let url: string;
  const seen: (string | undefined)[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.url);
      const name = "Nice\u001b[31m\u202eclient\n";
      if (request.url === "/redirects") response.writeHead(307, { location: `${url}/elsewhere` }).end();
      else if (request.url === "/repeats") response.end('{"result":{"rows":[],"cursor":5}}');
      else if (request.url === "/unset") response.writeHead(503).end("`keys` is not set: set OPERATOR_KEYS.\n");
      else if (request.url === "/fails") {
        response
          .writeHead(503)
          .end(JSON.stringify({ error: "temporarily_unavailable", error_description: `It ${name}` }));
      } else response.end(JSON.stringify({ result: [{ clientId: "a", clientName: name, redirectUris: [name] }] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  const ask = (path: string, ...args: string[]) =>
    cli([...(args.length > 0 ? args : ["clients", "list"]), url + path], { WICKET_OPERATOR_TOKEN: "x", WICKET_SECRET });

  test("what a terminal would carry out is shown instead", async () => {
    const listed = await ask("");
    expect(listed.out).toContain("Nice\\u{1b}[31m\\u{202e}client\\u{a}");
    const printed = await ask("", "clients", "list", "--json");
    expect(JSON.parse(printed.out)).toMatchObject([{ clientName: "Nice\u001b[31m\u202eclient\n" }]);
    const failed = await ask("/fails");
    for (const { out, err } of [listed, printed, failed]) {
      expect(out + err).not.toMatch(/\u001b|\u202e/);
    }
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining("(503, temporarily_unavailable)")]);
  });

  test("the token does not follow a redirect", async () => {
    const { code, err } = await ask("/redirects");
    expect([code, err]).toEqual([1, expect.stringContaining("The token was not sent there")]);
    expect(seen).not.toContain("/elsewhere");
  });

  test("what its set-up lacks is said as the server says it", async () => {
    const { code, err } = await ask("/unset");
    expect([code, err]).toEqual([1, expect.stringMatching(/^The server failed \(503\).* set OPERATOR_KEYS\.\n$/)]);
  });

  test("pages that come again end", async () => {
    const { code, err } = await ask("/repeats", "audit", "verify", "--d1");
    expect([code, err]).toEqual([1, expect.stringContaining("repeats a page")]);
  });
});

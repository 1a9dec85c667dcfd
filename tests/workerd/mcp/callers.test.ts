/** One person's requests with different tokens: each has its own token's props, tools and scopes, wherever the agent lives. */
import { describe, expect, test } from "vitest";
import { type Message, type Sent, type ToolList, type ToolResult, legacy, modern } from "../../harness/messages.ts";
import { HOST, begin, callTool, messageOf, textOf, worker } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

const as = (token: string): Sent => ({ headers: { authorization: `Bearer ${token}` } });
const ROLES = ["admin", "reader"] as const;
const said = (role: string) => ({
  before: role,
  after: role,
  scopes: role === "admin" ? ["write"] : [],
  seen: [{ name: "ann", role }],
});
const ofMessage = ({ result }: { result: ToolResult }) => JSON.parse(textOf(result) ?? "") as unknown;

/** What a call says, whether its answer is a stream or not: an older client hears what is logged without asking. */
async function outcome(answered: Promise<Response>): Promise<unknown> {
  const response = await answered;
  if (response.headers.get("content-type") !== "text/event-stream") return ofMessage(await messageOf(response));
  const stream = new EventReader(response);
  const log = await stream.message<{ params: { data: string } }>();
  const said = ofMessage(await stream.message<Message<ToolResult>>()) as { after: string };
  expect(log.params.data).toBe(`${said.after} says so`);
  return said;
}

describe.each(["/callers-worker", "/callers-object"])("%s", (path) => {
  const url = HOST + path;

  const legacyCalls = async () => {
    const session = await begin(worker, url, as("admin"));
    return (token: string, name: string, args = {}) =>
      worker(legacy(url, "tools/call", { name, arguments: args }, { ...as(token), session }));
  };
  const modernCalls = () =>
    Promise.resolve((token: string, name: string, args = {}) =>
      worker(modern(url, "tools/call", { name, arguments: args }, as(token))),
    );

  describe.each([
    { wire: "2026-07-28", calls: modernCalls },
    { wire: "one session of 2025-11-25", calls: legacyCalls },
  ])("$wire", ({ calls }) => {
    test("each token's call sees its own props, one after the other", async () => {
      const call = await calls();
      for (const token of ["admin", "reader", "admin", "reader"]) {
        expect(await outcome(call(token, "whoami", { ms: 0 }))).toEqual(said(token));
      }
    });

    test("a tool that init registers for an administrator is there for no other token", async () => {
      const call = await calls();
      expect(await outcome(call("admin", "admin_only"))).toBe("done");
      const { error } = await messageOf(call("reader", "admin_only"));
      expect(error).toMatchObject({ code: -32602, message: 'Unknown tool "admin_only".' });
      expect((await call("reader", "write")).status).toBe(403);
      expect((await call("admin", "write")).status).toBe(200);
    });

    test("calls at the same time see their own props before and after they wait", async () => {
      const call = await calls();
      const tokens = Array.from({ length: 20 }, (_, n) => ROLES[n % 2] ?? "admin");
      const answers = await Promise.all(tokens.map((token, n) => outcome(call(token, "whoami", { ms: (20 - n) * 5 }))));
      expect(answers).toEqual(tokens.map(said));
    });
  });

  test("a list shows what init registers for its own token", async () => {
    const list = async (token: string) =>
      (await messageOf<ToolList>(worker(modern(url, "tools/list", {}, as(token))))).result.tools.map(
        ({ name }) => name,
      );
    for (const token of ["reader", "admin", "reader"]) {
      expect((await list(token)).includes("admin_only")).toBe(token === "admin");
      expect((await list(token)).includes("write")).toBe(token === "admin");
    }
  });

  test("what a call logs goes out on its own stream", async () => {
    const _meta = { "io.modelcontextprotocol/logLevel": "info" };
    const streams = await Promise.all(
      ROLES.map(async (token, n) => {
        const params = { name: "whoami", arguments: { ms: 40 - 20 * n }, _meta };
        const stream = new EventReader(await worker(modern(url, "tools/call", params, as(token))));
        const log = await stream.message<{ params: { data: string } }>();
        return [log.params.data, ofMessage(await stream.message<Message<ToolResult>>())];
      }),
    );
    expect(streams).toEqual(ROLES.map((role) => [`${role} says so`, said(role)]));
  });

  describe("news of resources", () => {
    const URIS = ["mem://secret", "MEM://secret", "note://private/1", "note://public/1", "mem://open"];
    const HEARD = {
      admin: ["mem://secret", "note://private/1", "note://public/1", "mem://open"],
      reader: ["note://public/1", "mem://open"],
    };

    /** What a stream hears, up to the resource that everybody may see and that changes last. */
    async function heard(stream: EventReader): Promise<Set<string>> {
      const uris = new Set<string>();
      while (!uris.has("mem://open")) {
        const { params } = await stream.message<{ params: { uri: string } }>();
        uris.add(params.uri);
      }
      await stream.close();
      return uris;
    }

    test.each([{ own: false }, { own: true }])(
      "on 2026-07-28 each token hears of what it may see, %j",
      async (args) => {
        const streams = ROLES.map(async (role) => {
          const notifications = { resourceSubscriptions: HEARD.admin };
          const stream = new EventReader(
            await worker(modern(url, "subscriptions/listen", { notifications }, as(role))),
          );
          await stream.message();
          return stream;
        });
        const opened = await Promise.all(streams);
        await callTool(worker, "update", { uris: URIS, ...args }, as("admin"), url);
        for (const [n, role] of ROLES.entries()) {
          const stream = opened[n];
          expect(stream && [...(await heard(stream))]).toEqual(HEARD[role]);
        }
      },
    );

    test.each(ROLES)("in a session of 2025-11-25 so does the stream of the %s", async (role) => {
      const session = await begin(worker, url, as(role));
      for (const uri of HEARD.admin) {
        await messageOf(worker(legacy(url, "resources/subscribe", { uri }, { ...as(role), session })));
      }
      const headers = { accept: "text/event-stream", "mcp-session-id": session, ...as(role).headers };
      const stream = new EventReader(await worker(new Request(url, { headers })));
      await callTool(worker, "update", { uris: URIS }, as("admin"), url);
      expect([...(await heard(stream))]).toEqual(HEARD[role]);
    });
  });

  test("the header that the verifier names reaches no handler", async () => {
    const headers = { "x-caller-token": "Bearer reader", "x-trace": "t1" };
    const seen = JSON.parse(textOf(await callTool(worker, "headers", {}, { headers }, url)) ?? "") as object;
    expect(seen).toMatchObject({ "x-trace": "t1" });
    expect(JSON.stringify(seen).toLowerCase()).not.toContain("reader");
  });

  test("messages of HTTP+SSE on one stream are each their own token's", async () => {
    const opened = await worker(
      new Request(`${url}-sse`, { headers: { accept: "text/event-stream", authorization: "Bearer admin" } }),
    );
    const stream = new EventReader(opened);
    const messages = new URL((await stream.next())?.data ?? "", HOST).href;
    const tokens = [...ROLES, ...ROLES];
    for (const [id, token] of tokens.entries()) {
      const params = { name: "whoami", arguments: { ms: 50 - 10 * id } };
      const accepted = await worker(legacy(messages, "tools/call", params, { id, revision: null, ...as(token) }));
      expect(accepted.status).toBe(202);
    }
    const answers: unknown[] = [];
    while (answers.filter(Boolean).length < tokens.length) {
      const message = await stream.message<Message<ToolResult>>();
      if (message.id !== undefined) answers[Number(message.id)] = ofMessage(message);
    }
    expect(answers).toEqual(tokens.map(said));
    await worker(legacy(messages, "tools/call", { name: "admin_only" }, { id: 9, revision: null, ...as("reader") }));
    for (;;) {
      const message = await stream.message<Message<ToolResult>>();
      if (message.id !== 9) continue;
      expect(message.error.message).toBe('Unknown tool "admin_only".');
      break;
    }
    await stream.close();
  });
});

test("what all tokens of one person share is the object's state", async () => {
  const url = `${HOST}/callers-object`;
  const before = Number(textOf(await callTool(worker, "bump", {}, as("admin"), url)));
  expect(Number(textOf(await callTool(worker, "bump", {}, as("reader"), url)))).toBe(before + 1);
});

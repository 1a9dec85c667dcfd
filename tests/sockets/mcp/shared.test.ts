/** A server that several requests share: what a tool says to the server is said to its own caller, or to nobody. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Message, type ToolResult, modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";

const CALLERS = ["ann", "bob", "cat", "dan", "eve"];
const _meta = {
  "io.modelcontextprotocol/logLevel": "debug",
  "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } },
};

type Result = ToolResult & { inputRequests?: Record<string, { params: { message: string } }> };

describe.each([["nodejs_als"], ["nodejs_compat"], []])("flags: %s", (...flags) => {
  let worker: Running;
  beforeAll(async () => {
    worker = await start(at("tests/sockets/mcp/shared/wrangler.toml"), { flags: flags.filter(Boolean) });
  });
  afterAll(() => worker.stop());

  /** What each of several calls at the same time hears: its messages, the answer last. */
  const heard = (name: string) =>
    Promise.all(
      CALLERS.map(async (who) => {
        const params = { name, arguments: { who, round: name, calls: CALLERS.length }, _meta };
        const body = await (await fetch(modern(worker.url + "/mcp", "tools/call", params))).text();
        const messages = [...body.matchAll(/^(?:data: )?(\{.*)$/gm)].map(([, data]) => data ?? "");
        return messages.map((message) => JSON.parse(message) as Message<Result> & { params?: { data: unknown } });
      }),
    );

  if (flags.length > 0) {
    test("a log message goes out on the stream of its own call", async () => {
      const all = await heard("log");
      expect(all.map((messages) => messages.length)).toEqual(CALLERS.map(() => 2));
      expect(all.map(([log]) => log?.params?.data)).toEqual(CALLERS.map((who) => `a secret of ${who}`));
      expect(all.map(([, answer]) => answer?.result.content[0]?.text)).toEqual(CALLERS);
    });

    test("a question is asked of the client whose call it belongs to", async () => {
      const all = await heard("ask");
      const asked = all.map(([answer]) => Object.values(answer?.result.inputRequests ?? {}));
      expect(asked.map((questions) => questions.map(({ params }) => params.message))).toEqual(
        CALLERS.map((who) => [`a question for ${who}`]),
      );
      expect(worker.log()).not.toContain("One McpServer");
    });
  } else {
    test.each(["log", "ask"])(
      "where the runtime cannot tell calls apart, %s says so and tells nobody",
      async (name) => {
        for (const messages of await heard(name)) {
          expect(messages.length).toBe(1);
          expect(messages[0]?.result.isError).toBe(true);
          expect(messages[0]?.result.content[0]?.text).toContain("One McpServer answers several requests");
          expect(messages[0]?.result.content[0]?.text).toContain('compatibility_flags = ["nodejs_als"]');
        }
        expect(worker.log()).toContain('McpServer "shared": One McpServer answers several requests');
      },
    );
  }

  test("what the call's own context says goes to its caller, in any case", async () => {
    const all = await heard("by_context");
    expect(all.map(([log]) => log?.params?.data)).toEqual(CALLERS.map((who) => `a secret of ${who}`));
  });
});

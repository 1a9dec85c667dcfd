/**
 * Two users whose servers have different tools, with their requests mixed: nothing of one may reach the other. The ids of
 * the requests are all the same, so that nothing but the request itself can tell them apart.
 */
import { describe, expect, test } from "vitest";
import { type Sent, type ToolList, type ToolResult, legacy, modern } from "../../harness/messages.ts";
import { HOST, begin, messageOf, textOf, worker } from "./lib/client.ts";

const TURNS = 1000;
const AT_ONCE = 40;
type User = "ann" | "bob";

const otherOf = (user: User): User => (user === "ann" ? "bob" : "ann");

/** How a user's request is sent. */
type Ask = (user: User, method: string, params: Record<string, unknown>) => Promise<Response>;

/** One turn of a user: lists, calls a tool that both have, one of their own, and one of the other's. */
async function turn(ask: Ask, user: User, kind: number): Promise<void> {
  const call = (name: string) => messageOf<ToolResult>(ask(user, "tools/call", { name, arguments: {} }));
  const own = { user, props: { user } };
  switch (kind % 4) {
    case 0: {
      const { id, result } = await messageOf<ToolList>(ask(user, "tools/list", {}));
      expect([id, ...result.tools.map(({ name }) => name)]).toEqual([1, "whoami", `only_${user}`]);
      expect(result.tools[1]?.description).toBe(`Belongs to ${user}`);
      return;
    }
    case 1:
      expect(JSON.parse(textOf((await call("whoami")).result) ?? "")).toEqual(own);
      return;
    case 2:
      expect(JSON.parse(textOf((await call(`only_${user}`)).result) ?? "")).toEqual(own);
      return;
    default: {
      const name = `only_${otherOf(user)}`;
      expect((await call(name)).error).toEqual({ code: -32602, message: `Unknown tool "${name}".` });
    }
  }
}

/** `TURNS` turns, of both users and all kinds, always `AT_ONCE` at the same time. */
async function mix(ask: Ask): Promise<void> {
  let next = 0;
  const walk = async () => {
    while (next < TURNS) {
      const n = next++;
      await turn(ask, n % 2 ? "ann" : "bob", Math.floor(n / 2));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
}

describe.each([
  { entry: "an agent in the Worker", path: "/tenant-worker" },
  { entry: "an agent in its object", path: "/tenant-object" },
  { entry: "createMcpHandler", path: "/tenant-handler" },
])("$entry", ({ path }) => {
  const url = HOST + path;
  const as = (user: User): Sent => ({ id: 1, headers: { "x-user": user } });

  test(`${TURNS} mixed turns of two users on the new wire`, { timeout: 60_000 }, async () => {
    await mix((user, method, params) => worker(modern(url, method, params, as(user))));
  });

  test(`${TURNS} mixed turns of two users in their sessions on the old wire`, { timeout: 60_000 }, async () => {
    const sessions = { ann: await begin(worker, url, as("ann")), bob: await begin(worker, url, as("bob")) };
    await mix((user, method, params) => worker(legacy(url, method, params, { ...as(user), session: sessions[user] })));
  });

  test("a user who shows the other's session gets nothing", async () => {
    const session = await begin(worker, url, as("ann"));
    for (const method of ["tools/list", "tools/call", "ping"]) {
      const response = await worker(legacy(url, method, { name: "only_ann" }, { ...as("bob"), session }));
      expect(response.status).toBe(404);
      expect(await response.text()).not.toContain("ann");
    }
  });
});

/**
 * Clients that others wrote × what a client does. Each cell passes, or quotes the client on what it cannot do. The table
 * stands in docs/interop.md; a cell that changes fails here until `npm run interop` has written it anew.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Watched, watched } from "../harness/proxy.ts";
import { type Running, start } from "../harness/workerd.ts";
import { commandClients } from "./lib/commands.ts";
import { EXPECTED, Limitation, OPERATIONS } from "./lib/operations.ts";
import { sdkClients } from "./lib/sdk.ts";
import { expectInDocument, tableOf } from "./lib/table.ts";

const clients = [...sdkClients, ...commandClients];
const cells = new Map<string, string>();

let worker: Running;
let proxy: Watched;

beforeAll(async () => {
  worker = await start(at("tests/conformance/everything/wrangler.toml"));
  proxy = await watched(worker.url);
  return async () => {
    await proxy.stop();
    await worker.stop();
  };
});

describe.each(clients)("$title", ({ title, limits, run }) => {
  test.each(OPERATIONS)("%s", { timeout: 60_000 }, async (operation) => {
    const outcome = await run(operation, proxy.url);
    const limit = limits[operation];
    if (limit) {
      expect(outcome).toBeInstanceOf(Limitation);
      const { quote } = outcome as Limitation;
      expect(quote).toMatch(limit);
      cells.set(`${title} ${operation}`, quote);
    } else {
      expect(outcome).toBe(EXPECTED[operation]);
      cells.set(`${title} ${operation}`, "passed");
    }
    expect(proxy.faults.splice(0), "messages that the official schemas do not allow").toEqual([]);
  });
});

test("the table in the documentation is this one", () => {
  const titles = clients.map(({ title }) => title);
  expectInDocument("What clients can do", tableOf(titles, OPERATIONS, cells));
});

afterAll(() => cells.clear());

/** The Inspector's pages over HTTP+SSE: version 1 by its proxy and directly, version 2 by its server. */
import { beforeAll, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Running, start } from "../harness/workerd.ts";
import { inspector1, inspector2 } from "./lib/visitors/pages.ts";

let worker: Running;

beforeAll(async () => {
  worker = await start(at("examples/no-auth/wrangler.toml"));
  return () => worker.stop();
});

test.each([
  inspector1({ transport: "sse", connection: "proxy" }),
  inspector1({ transport: "sse", connection: "direct" }),
  inspector2("sse"),
])("$title lists and calls", { timeout: 180_000 }, async ({ visit }) => {
  expect(await visit({ url: `${worker.url}/sse` })).toEqual({ tools: ["add"], answer: "The sum is 42" });
});

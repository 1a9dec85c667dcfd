/** The double of Workers KV is as unhelpful as it should be, and the suite has used it where it runs with it. */
import { expect, test } from "vitest";
import { KvDouble } from "./lib/kv-double.ts";
import { double } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

test("a write shows at once where it was made, and elsewhere after a minute", async () => {
  let now = 0;
  const kv = new KvDouble(() => now);
  await kv.at(0).put("a", "1");
  expect([await kv.at(0).get("a"), await kv.at(1).get("a")]).toEqual(["1", null]);
  now = 59_999;
  expect([await kv.at(1).get("a"), await kv.at(2).get("a")]).toEqual([null, null]);
  now = 60_000;
  expect(await kv.at(1).get("a"), "the miss was kept for a minute").toBe("1");
  expect(await kv.at(2).get("a"), "its miss is as good as new").toBeNull();
  now = 119_999;
  expect(await kv.at(2).get("a")).toBe("1");
});

test("one write a second for a key, the later one stays, and a list lags behind", async () => {
  let now = 0;
  const kv = new KvDouble(() => now);
  await kv.at(0).put("a", "1");
  await expect(kv.at(1).put("a", "2")).rejects.toThrow("429");
  await expect(kv.at(1).put("b", "2", { expirationTtl: 59 })).rejects.toThrow("400");
  now = 1_000;
  await kv.at(1).put("a", "2");
  expect((await kv.at(0).list()).keys).toEqual([]);
  now = 61_000;
  expect(await kv.at(3).get("a")).toBe("2");
  expect((await kv.at(0).list()).keys).toEqual([{ name: "a" }]);
});

test("a client that registered here signs in there, although its copy is nowhere yet", async () => {
  double.log.length = 0;
  for (let times = 0; times < 3; times++) {
    const { client, tokens } = await lib.signIn();
    expect((await lib.refresh(client, tokens.refresh_token)).status).toBe(200);
  }
  expect(double.log).toContain("miss");
  expect(double.log).toContain("put");
  // All at once: most copies are refused, which nobody notices.
  const client = await lib.register({ client_name: `Many ${lib.random()}` });
  await Promise.all(Array.from({ length: 8 }, () => lib.code(client)));
  expect(double.log).toContain("429");
});

/**
 * Loaded before every test that runs in Node: whatever a test, or a client inside it, fetches from a server under test is
 * held against the official schemas, and a message that none allows fails the test.
 */
import { afterEach, expect } from "vitest";
import { oracle } from "./ajv.ts";
import { watchedBy } from "./hook.ts";
import { Watch } from "./watch.ts";

const faults: string[] = [];
/** By scheme, host and port. */
const watches = new Map<string, Watch>();

const plain = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const { origin, hostname } = new URL(request.url);
  if (hostname !== "127.0.0.1" && hostname !== "localhost") return plain(request);
  let watch = watches.get(origin);
  if (!watch) watches.set(origin, (watch = new Watch(oracle, (fault) => faults.push(fault))));
  const body = request.body ? await request.clone().text() : "";
  return watchedBy(watch, request, body, () => plain(request));
};

afterEach(() => {
  expect(faults.splice(0), "messages that the official schemas do not allow").toEqual([]);
});

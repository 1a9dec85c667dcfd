/**
 * Loaded before every test that runs in Node: whatever a test, or a client inside it, fetches from a server under test is
 * held against the official schemas, and a message that none allows fails the test.
 */
import { afterEach, expect } from "vitest";
import { watchedBy } from "./hook.ts";
import { faults, watch } from "./machine.ts";

const plain = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const { hostname } = new URL(request.url);
  if (hostname !== "127.0.0.1" && hostname !== "localhost") return plain(request);
  const body = request.body ? await request.clone().text() : "";
  return watchedBy(watch, request, body, () => plain(request));
};

afterEach(() => {
  expect(faults.splice(0), "messages that the official schemas do not allow").toEqual([]);
});

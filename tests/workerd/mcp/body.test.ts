/** What a body may be: its size, its media type, its encoding, its form. */
import { describe, expect, test } from "vitest";
import { type Message, type ToolResult, modern, post } from "../../harness/messages.ts";
import { HOST, messageOf, worker } from "./lib/client.ts";

const url = `${HOST}/plain`;
const MIB = 1024 * 1024;
const LIMIT = 4 * MIB;
const text = (body: BodyInit, headers: Record<string, string> = {}) => worker(post(url, body, { headers }));

/** A `tools/call` of exactly `bytes` bytes, whose arguments have a member that nobody reads. */
function call(bytes: number): Uint8Array {
  const around = (filling: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":2,"b":3,"x":"${filling}"}}}`;
  return new TextEncoder().encode(around("x".repeat(bytes - around("").length)));
}

/** The same bytes as a stream, which does not say beforehand how long it is. */
function streamed(bytes: Uint8Array): ReadableStream {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(at, (at += 64 * 1024)));
    },
  });
}

describe.each([
  { how: "with Content-Length", form: (bytes: Uint8Array) => bytes },
  { how: "without Content-Length", form: streamed },
])("a body $how", ({ form }) => {
  test.each([LIMIT - 1, LIMIT])("of %d bytes is read", async (bytes) => {
    const response = await text(form(call(bytes)));
    expect(response.status).toBe(200);
    expect((await messageOf<ToolResult>(response)).result.content[0]?.text).toBe("5");
  });

  test.each([LIMIT + 1, 2 * LIMIT])("of %d bytes is refused", async (bytes) => {
    const response = await text(form(call(bytes)));
    expect(response.status).toBe(413);
    expect(response.headers.get("vary")).toBe("Origin");
    expect((await messageOf(response)).error).toEqual({ code: -32600, message: "The body is longer than 4 MiB." });
  });
});

test("the limit holds for an agent in its object", async () => {
  const response = await worker(post(`${HOST}/placed`, call(LIMIT + 1)));
  expect(response.status).toBe(413);
});

describe("media types", () => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/json ;charset=utf-8",
  ])("%s is JSON", async (type) => {
    expect((await text(body, { "content-type": type })).status).toBe(200);
  });

  test.each(["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "application/jsonp"])(
    "%s is not",
    async (type) => {
      expect((await text(body, { "content-type": type })).status).toBe(415);
    },
  );

  test.each(["application/json, text/event-stream", "*/*", "application/*;q=0.1", "text/html, application/json"])(
    "who accepts %s is answered",
    async (accept) => {
      expect((await text(body, { accept })).status).toBe(200);
    },
  );

  test.each(["text/html", "image/*"])("who accepts only %s is not", async (accept) => {
    expect((await text(body, { accept })).status).toBe(406);
  });
});

describe("what is no message", () => {
  const bytes = (...parts: (string | number[])[]) =>
    new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : part)));
  const inName = (...bad: number[]) => bytes('{"jsonrpc":"2.0","id":1,"method":"', bad, '"}');

  test.each<[string, BodyInit, number]>([
    ["nothing", "", -32700],
    ["half an object", '{"jsonrpc":"2.0"', -32700],
    ["two objects", "{}{}", -32700],
    ["a comment", "{/**/}", -32700],
    ["a continuation byte without its start", inName(0x80), -32700],
    ["a start without its continuation", inName(0xe2, 0x82), -32700],
    ["an overlong encoding", inName(0xc0, 0xaf), -32700],
    ["an encoded surrogate", inName(0xed, 0xa0, 0x80), -32700],
    ["four bytes of which two are cut off", inName(0xf0, 0x9f), -32700],
    ["a byte order mark", bytes([0xef, 0xbb, 0xbf], '{"jsonrpc":"2.0","id":1,"method":"ping"}'), -32700],
    ["UTF-16", bytes([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), -32700],
    ["a number", "1", -32600],
    ["null", "null", -32600],
    ["an empty object", "{}", -32600],
    ["another version", '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ["an id of the wrong kind", '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
    ["an id that is null", '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ["a method that is no string", '{"jsonrpc":"2.0","id":1,"method":1}', -32600],
    ["a member twice", '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}', -32600],
    ["params that are no object", '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602],
  ])("%s is refused", async (_what, body, code) => {
    const response = await text(body);
    const { jsonrpc, error } = await messageOf(response);
    expect([response.status, jsonrpc, error.code]).toEqual([400, "2.0", code]);
    expect(error.message).toMatch(/^[A-Z`].*\.$/s);
  });

  test("a character of four bytes that ends after three is read as the replacement character", async () => {
    const response = await text(inName(0xf0, 0x9f, 0xa6));
    expect(response.status).toBe(200);
    expect((await messageOf(response)).error.message).toBe('Unknown method "\uFFFD".');
  });

  test("the replacement character itself is a character like any other", async () => {
    const response = await text(JSON.stringify({ jsonrpc: "2.0", id: "\uFFFD", method: "ping" }));
    expect([response.status, (await messageOf(response)).id]).toEqual([200, "\uFFFD"]);
  });

  test("nesting without end is refused, and the next request is answered", async () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const response = await text(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${deep}}}`);
    expect(response.status).toBe(400);
    expect((await text('{"jsonrpc":"2.0","id":1,"method":"ping"}')).status).toBe(200);
  });
});

test("text of every alphabet goes in and comes out whole", async () => {
  const name = "größe_名前_🦀";
  const headers = { "mcp-name": `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(name)))}?=` };
  const answer: Message = await (await worker(modern(url, "tools/call", { name }, { headers }))).json();
  expect(answer.error.message).toBe(`Unknown tool "${name}".`);
});

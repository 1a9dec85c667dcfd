/** The watch that tests in Node run under, and the proxy that other clients go through, can complain. */
import { once } from "node:events";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { legacy } from "../../harness/messages.ts";
import { watched } from "../../harness/proxy.ts";
import { oracle } from "../../harness/schema/ajv.ts";
import { lies, tell } from "../../harness/schema/lies.ts";
import { Watch } from "../../harness/schema/watch.ts";

describe("a server that sends", () => {
  const streamed = lies
    .filter(({ answer }) => !Array.isArray(answer))
    .map((lie) => ({ ...lie, how: "event" as const }));
  test.each([...lies.map((lie) => ({ ...lie, how: "body" as const })), ...streamed])(
    "$what is caught in its $how",
    (lie) => {
      const faults: string[] = [];
      tell(new Watch(oracle, (fault) => faults.push(fault)), lie, lie.how);
      expect(faults.join()).toMatch(lie.complaint);
    },
  );
});

let server: Server | undefined;
afterEach(() => server?.close());

test("the proxy passes on what a server says, whole and as events, and keeps what is wrong with it", async () => {
  server = createServer((request, response) => {
    const events = request.url === "/events";
    response.writeHead(200, { "content-type": events ? "text/event-stream" : "application/json", "x-own": "kept" });
    const text = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"ä"}]}}';
    response.end(events ? `event: message\ndata: ${text}\n\n` : text);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const proxy = await watched(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  // Not by the watched fetch: that one would complain as well.
  for (const path of ["/whole", "/events"]) {
    const request = legacy(proxy.url + path, "tools/list");
    const response = await unwatched(request);
    expect(response.headers.get("x-own")).toBe("kept");
    expect(await response.text()).toContain('"tools":[{"name":"ä"}]');
  }
  expect(proxy.faults).toHaveLength(2);
  expect(proxy.faults.join()).toContain("inputSchema");
  await proxy.stop();
});

/** `fetch` from a name under which the watch does not look. */
function unwatched(request: Request): Promise<Response> {
  return fetch(new Request(request.url.replace("127.0.0.1", "[::ffff:127.0.0.1]"), request));
}

/** Calls that say nothing for long: the response begins after ten seconds, and goes on, so that nobody cuts it. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ToolResult, initialize, wires } from "../../harness/messages.ts";
import { HOST, messageOf, serverOf, textOf } from "./lib/client.ts";

const TIMERS = ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;

beforeEach(() => {
  vi.useFakeTimers({ toFake: [...TIMERS] });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

/** A server whose tool says when it has begun, and ends when it is told to. */
function waiting() {
  let begun: () => void = () => {};
  let release: () => void = () => {};
  const running = new Promise<void>((resolve) => (begun = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  const server = serverOf((made) => {
    made.registerTool("run", {}, async () => {
      begun();
      await released;
      return { content: [{ type: "text", text: "done" }] };
    });
    made.registerResource("r", "x:r", {}, async () => {
      begun();
      await released;
      return { contents: [{ uri: "x:r", text: "done" }] };
    });
  });
  return { server, running, release };
}

/** What has been sent on a stream, piece by piece. */
function pieces(response: Response): () => Promise<string | undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  return async () => (await reader?.read())?.value;
}

describe.each(wires)("on $wire", ({ ask }) => {
  test.each<[string, { name: string } | { uri: string }]>([
    ["tools/call", { name: "run" }],
    ["resources/read", { uri: "x:r" }],
  ])("a silent %s becomes a stream after ten seconds, with a comment every twelve", async (method, params) => {
    const { server, running, release } = waiting();
    let response: Response | undefined;
    const headers: Record<string, string> = "uri" in params ? { "mcp-name": params.uri } : {};
    const answered = server(ask(`${HOST}/mcp`, method, params, { headers })).then((answer) => (response = answer));
    await running;
    await pass(9.9);
    expect(response).toBeUndefined();
    await pass(0.2);
    await answered;
    expect(response?.headers.get("content-type")).toBe("text/event-stream");
    const next = pieces(response as Response);
    expect(await next()).toBe(": still working\n\n");
    for (let n = 0; n < 5; n++) {
      await pass(12);
      expect(await next()).toBe(": still here\n\n");
    }
    release();
    expect(await next()).toMatch(/^event: message\ndata: \{.*done.*\}\n\n$/);
    expect(await next()).toBeUndefined();
  });

  test("one that takes no streams waits for its answer", async () => {
    const { server, running, release } = waiting();
    for (const accept of ["application/json", "*/*"]) {
      const answered = server(ask(`${HOST}/mcp`, "tools/call", { name: "run" }, { headers: { accept } }));
      await running;
      await pass(60);
      release();
      const response = await answered;
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(textOf((await messageOf<ToolResult>(response)).result)).toBe("done");
    }
  });
});

test("what ends at once leaves no timer behind", async () => {
  const server = serverOf((made) => {
    made.registerTool("run", {}, async () => ({ content: [] }));
  });
  for (const { ask } of wires) await (await server(ask(`${HOST}/mcp`, "tools/call", { name: "run" }))).text();
  await (await server(initialize(`${HOST}/mcp`))).text();
  expect(vi.getTimerCount()).toBe(0);
});

/**
 * What stands in for a model, for programs that call tools only when one asks for it: it asks once for the tool whose name
 * ends with `add`, and is told the result. Two ways to speak: Gemini's `generateContent` and OpenAI's chat completions.
 */
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Model {
  url: string;
  /** The names of the tools that it was offered. */
  tools: Set<string>;
  /** What the tool has answered, as the program passes it on. */
  results: unknown[];
  stop(): void;
}

interface Asked {
  tools?: { functionDeclarations?: { name: string }[]; function?: { name: string } }[];
  contents?: { parts: { functionResponse?: { response: unknown } }[] }[];
  messages?: { role: string; content: unknown }[];
}

const ARGUMENTS = { a: 40, b: 2 };
const DONE = "Done.";

export async function model(): Promise<Model> {
  const tools = new Set<string>();
  const results: unknown[] = [];
  const answer = (path: string, asked: Asked, response: ServerResponse) => {
    const offered = (asked.tools ?? []).flatMap((tool) =>
      (tool.functionDeclarations ?? (tool.function ? [tool.function] : [])).map(({ name }) => name),
    );
    offered.forEach((name) => tools.add(name));
    const wanted = offered.find((name) => name.endsWith("add"));
    const say = (...events: string[]) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(events.map((event) => `data: ${event}\n\n`).join(""));
    };
    if (path.startsWith("/v1beta/")) {
      const told = asked.contents?.at(-1)?.parts.find(({ functionResponse }) => functionResponse)?.functionResponse;
      if (told) results.push(told.response);
      const part = told || !wanted ? { text: DONE } : { functionCall: { name: wanted, args: ARGUMENTS } };
      say(JSON.stringify({ candidates: [{ content: { role: "model", parts: [part] }, finishReason: "STOP" }] }));
      return;
    }
    const last = asked.messages?.at(-1);
    if (last?.role === "tool") results.push(last.content);
    const calls = wanted && last?.role !== "tool";
    const called = { name: wanted, arguments: JSON.stringify(ARGUMENTS) };
    const delta = calls
      ? { role: "assistant", tool_calls: [{ index: 0, id: "call-1", type: "function", function: called }] }
      : { role: "assistant", content: DONE };
    const chunk = (choice: object) =>
      JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "m", choices: [choice] });
    say(
      chunk({ index: 0, delta, finish_reason: null }),
      chunk({ index: 0, delta: {}, finish_reason: calls ? "tool_calls" : "stop" }),
      "[DONE]",
    );
  };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.once("end", () => answer(request.url ?? "", JSON.parse(body) as Asked, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tools,
    results,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

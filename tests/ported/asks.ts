/** What the test asks each server: the answers must be the same before and after it moves. */

export interface Ask {
  method: string;
  params?: Record<string, unknown>;
}

const call = (name: string, args: Record<string, unknown> = {}): Ask => ({
  method: "tools/call",
  params: { name, arguments: args },
});
const get = (name: string, args: Record<string, string> = {}): Ask => ({
  method: "prompts/get",
  params: { name, arguments: args },
});
const read = (uri: string): Ask => ({ method: "resources/read", params: { uri } });
const complete = (ref: Record<string, string>, name: string, value: string): Ask => ({
  method: "completion/complete",
  params: { ref, argument: { name, value } },
});
const list = (...kinds: string[]): Ask[] => kinds.map((kind) => ({ method: `${kind}/list` }));

export const asks: Record<string, Ask[]> = {
  "output-schema": [...list("tools"), call("get_weather", { city: "Bonn", country: "DE" })],
  stateless: [
    ...list("tools", "prompts", "resources"),
    get("greeting-template", { name: "Ada" }),
    call("start-notifications", { count: 2 }),
    read("https://example.com/greetings/default"),
  ],
  streamable: [
    ...list("tools", "resources"),
    call("greet", { name: "Ada" }),
    call("multi-greet", { name: "Ada" }),
    call("collect-info", { kind: "feedback" }),
    call("list-files"),
    call("list-files", { includeDescriptions: false }),
    read("file:///example/file2.txt"),
  ],
  sampling: [...list("tools"), call("summarize", { text: "A long text" })],
  progress: [...list("tools"), call("count", { n: 3 })],
  older: [
    ...list("tools", "prompts", "resources", "resources/templates"),
    call("ping-tool"),
    call("described"),
    call("add", { a: 1, b: 2 }),
    call("add", { a: 1 }),
    call("annotated", { key: "k" }),
    read("config://app"),
    read("users://12/profile"),
    get("hello"),
    get("team-greeting", { department: "sales" }),
    complete({ type: "ref/prompt", name: "team-greeting" }, "department", "s"),
    complete({ type: "ref/resource", uri: "users://{userId}/profile" }, "userId", "1"),
  ],
  elicitationFormExample: [
    ...list("tools"),
    call("register_user"),
    call("create_event"),
    call("update_shipping_address"),
  ],
  honoWebStandardStreamableHttp: [...list("tools"), call("greet", { name: "Ada" })],
  jsonResponseStreamableHttp: [...list("tools"), call("greet", { name: "Ada" }), call("multi-greet", { name: "Ada" })],
  mcpServerOutputSchema: [...list("tools")],
  progressExample: [...list("tools"), call("count", { n: 3 })],
  simpleSseServer: [...list("tools"), call("start-notification-stream", { interval: 20, count: 3 })],
  simpleStatelessStreamableHttp: [
    ...list("tools", "prompts", "resources"),
    get("greeting-template", { name: "Ada" }),
    call("start-notification-stream", { interval: 20, count: 3 }),
    read("https://example.com/greetings/default"),
  ],
  sseAndStreamableHttpCompatibleServer: [
    ...list("tools"),
    call("start-notification-stream", { interval: 20, count: 3 }),
  ],
  ssePollingExample: [...list("tools"), call("long-task")],
  toolWithSampleServer: [...list("tools"), call("summarize", { text: "A long text" })],
  account: [
    ...list("tools", "resources", "prompts"),
    call("connect", { twice: false }),
    call("connect", { twice: true }),
    call("connect-by-code"),
    read("letters://today"),
    get("answer"),
    get("refused"),
  ],
  whole: [
    ...list("tools", "resources", "resources/templates", "prompts"),
    call("weather", { city: "Bonn", days: 2 }),
    call("weather", { city: "Bonn" }),
    call("with-zod-3", { city: "Bern", unit: "F" }),
    call("log"),
    call("book", { city: "Bern" }),
    call("summarize", { text: "A long text" }),
    call("ask-by-request"),
    call("who"),
    call("link"),
    read("cities://Bonn"),
    read("config://app"),
    get("plan", { city: "Bern" }),
    get("plan", { city: "Bern", hotel: "Ritz" }),
    complete({ type: "ref/prompt", name: "plan" }, "city", "Be"),
    complete({ type: "ref/prompt", name: "plan" }, "hotel", "Ritz"),
    complete({ type: "ref/resource", uri: "cities://{city}" }, "city", "Bo"),
  ],
  changing: [
    ...list("tools", "resources", "prompts"),
    call("after", { word: "x" }),
    read("https://example.com/second"),
  ],
};

// What a test of one's own functions, a framework's build or a script does in plain Node: it imports, declares, registers and
// calls its own code. Prints what came of it, as JSON.
import {
  McpAgent,
  McpServer,
  ResourceTemplate,
  ToolError,
  WicketObject,
  completable,
  createMcpHandler,
} from "mcp-wicket";
import { fromJsonSchema } from "mcp-wicket/json-schema";
import { APIKeyVerifier, JWTVerifier, anyOf, protect } from "mcp-wicket/jwt";
import { GitHubHandler, OAuthProvider } from "mcp-wicket/oauth";
import * as testing from "mcp-wicket/testing";
import { z } from "zod";

const add = ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }] });

class MyMCP extends McpAgent {
  server = new McpServer({ name: "adder", version: "1.0.0" });
  init() {
    this.server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, add);
    this.server.registerTool("echo", { inputSchema: fromJsonSchema({ type: "object" }) }, add);
    this.server.registerPrompt("greet", { argsSchema: { name: completable(z.string(), () => []) } }, () => ({
      messages: [],
    }));
    this.server.registerResource("file", new ResourceTemplate("file:///{name}", { list: undefined }), {}, () => ({
      contents: [],
    }));
  }
  greeting() {
    return `Hello ${this.props.user}`;
  }
}

const verifier = new JWTVerifier({
  secret: "x".repeat(32),
  issuer: "https://a.example",
  audience: "https://b.example/mcp",
});
const handler = createMcpHandler(() => new McpServer({ name: "adder", version: "1.0.0" }));
const provider = new OAuthProvider({
  apiHandlers: { "/mcp": MyMCP.serve("/mcp") },
  defaultHandler: new GitHubHandler({ clientId: "a", clientSecret: "b" }),
});
const guarded = protect(anyOf(new APIKeyVerifier({ keys: [] }), verifier), handler);

const agent = new MyMCP({}, {});
agent.props = { user: "ada" };
await agent.init();

const refused = async (call) => {
  try {
    await call();
    return "it went through";
  } catch (error) {
    return `${error.code}: ${error.message}`;
  }
};
const request = () => new Request("http://127.0.0.1/mcp", { method: "POST", body: "{}" });
const runs = {
  handler: () => handler(request(), {}, {}),
  agent: () => MyMCP.serve("/mcp").fetch(request(), {}, {}),
  provider: () => provider.fetch(request(), {}, {}),
  protect: () => guarded.fetch(request(), {}, {}),
  verifier: () => verifier.verify("a.b.c"),
};
const errors = {};
for (const [name, call] of Object.entries(runs)) errors[name] = await refused(call);

console.log(
  JSON.stringify({
    greeting: agent.greeting(),
    sum: add({ a: 40, b: 2 }).content[0].text,
    classes: [new ToolError("x").name, typeof WicketObject, Object.keys(testing).length > 0],
    errors,
  }),
);

/** A Worker in a project of its own, which has the package from its tarball. */
import { McpAgent, McpServer, type ToolContext, ToolError } from "mcp-wicket";
import * as z from "zod";

interface Env {
  GREETING?: string;
}

export class Fresh extends McpAgent<Env, { calls: number }, { user: string }> {
  server = new McpServer({ name: "fresh", version: "1.0.0" });
  initialState = { calls: 0 };

  async init() {
    this.server.registerTool(
      "greet",
      { description: "Greets somebody", inputSchema: { name: z.string(), times: z.number().int().default(1) } },
      async ({ name, times }, context) => {
        // The types of arguments, context and state are those that were declared.
        const checked: [string, number, ToolContext, number] = [name, times, context, this.state.calls];
        this.setState({ calls: checked[3] + 1 });
        if (!name) throw new ToolError("Whom?");
        return { content: [{ type: "text", text: Array(times).fill(`Hello, ${name}!`).join(" ") }] };
      },
    );
  }
}

export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext) {
    return Fresh.serve("/mcp").fetch(request, env, ctx);
  },
};

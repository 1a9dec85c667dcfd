/** `mcp-wicket` with a session: `McpAgent`, which needs no Durable Object for plain calls. */
import { McpAgent, McpServer } from "mcp-wicket";
import { z } from "zod";
import { addTool } from "../../tools";

const add = addTool(z);

export class MyMCP extends McpAgent {
  server = new McpServer({ name: "bench", version: "1.0.0" });

  async init() {
    this.server.registerTool(add.name, { description: add.description, inputSchema: add.fields }, add.run);
  }
}

export default MyMCP.serve("/mcp");

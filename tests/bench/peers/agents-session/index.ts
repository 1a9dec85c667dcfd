/** `agents` with a session: `McpAgent`, whose every session is a Durable Object. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpAgent } from "agents/mcp";
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

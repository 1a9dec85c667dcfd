/** Tools that tell listeners of changes, and one whose stream breaks off. */
import type { McpServer } from "mcp-wicket";
import { z } from "zod";

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** Registers them. */
export function registerListening(server: McpServer): void {
  server.registerTool("test_trigger_tool_change", { description: "Says that the tools have changed" }, async () => {
    await server.sendToolListChanged();
    return say("Mutation triggered");
  });
  server.registerTool("test_trigger_prompt_change", { description: "Says that the prompts have changed" }, async () => {
    await server.sendPromptListChanged();
    return say("Mutation triggered");
  });
  server.registerTool(
    "test_trigger_resource_update",
    { description: "Says that a resource has changed", inputSchema: { uri: z.string() } },
    async ({ uri }) => {
      await server.sendResourceUpdated({ uri });
      return say("Mutation triggered");
    },
  );
  server.registerTool(
    "test_reconnection",
    { description: "Closes its stream before it answers" },
    async ({ closeSSEStream }) => {
      await closeSSEStream();
      // real time: the answer comes when its stream has been closed for a moment
      await scheduler.wait(100);
      return say("Reconnection test completed successfully.");
    },
  );
}

/** Tools that wait, for clients that lose patience. */
import type { McpServer } from "mcp-wicket";
import { z } from "zod";

/** The calls whose clients have cancelled them. Not per request: the one that was cancelled cannot tell. */
const cancelled: string[] = [];

const NAME = { name: z.string() };
const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** Registers them. */
export function registerWaiting(server: McpServer): void {
  server.registerTool(
    "wait_until_cancelled",
    { description: "Waits for 20 seconds, or until it is cancelled", inputSchema: NAME },
    async ({ name }, { signal }) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          cancelled.push(name);
          resolve();
        });
        // real time: what is not cancelled ends at last
        setTimeout(resolve, 20_000);
      });
      return say("nobody cancelled this");
    },
  );
  server.registerTool("cancelled", { description: "The names of the calls that were cancelled" }, () =>
    say(cancelled.join(",")),
  );
}

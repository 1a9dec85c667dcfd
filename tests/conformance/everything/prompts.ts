/** The prompts that the conformance suite gets and completes. */
import { type McpServer, completable } from "mcp-wicket";
import { z } from "zod";
import { PNG } from "./media.js";

/** Registers all of them. */
export function registerPrompts(server: McpServer): void {
  const say = (text: string) => ({ role: "user" as const, content: { type: "text" as const, text } });
  server.registerPrompt("test_simple_prompt", { description: "A prompt without arguments" }, () => ({
    messages: [say("This is a simple prompt for testing.")],
  }));
  const words = ["hello", "help", "world"];
  const arg1 = completable(z.string().describe("The first"), (typed) => words.filter((word) => word.startsWith(typed)));
  server.registerPrompt(
    "test_prompt_with_arguments",
    { description: "A prompt with two arguments", argsSchema: { arg1, arg2: z.string().describe("The second") } },
    ({ arg1, arg2 }) => ({ messages: [say(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "A prompt that holds a resource", argsSchema: { resourceUri: z.string().describe("Its URI") } },
    ({ resourceUri: uri }) => ({
      messages: [
        {
          role: "user",
          content: {
            type: "resource",
            resource: { uri, mimeType: "text/plain", text: "Embedded resource content for testing." },
          },
        },
        say("Please process the embedded resource above."),
      ],
    }),
  );
  server.registerPrompt("test_prompt_with_image", { description: "A prompt that holds an image" }, () => ({
    messages: [
      { role: "user", content: { type: "image", data: PNG, mimeType: "image/png" } },
      say("Please analyze the image above."),
    ],
  }));
}

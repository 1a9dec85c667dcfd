/** The tools and the prompt of the conformance suite that ask their client, on both wires by the same body. */
import type { ElicitParams, McpServer, Root } from "mcp-wicket";
import { z } from "zod";

type Field = Extract<ElicitParams, { mode?: "form" }>["requestedSchema"]["properties"][string];

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

const form = (properties: Record<string, Field>, required = Object.keys(properties)) => ({
  type: "object" as const,
  properties,
  required,
});
const text = (description?: string): Field => ({ type: "string", ...(description !== undefined && { description }) });

/** What a model has answered, where that is a text. */
function textOf({ content }: { content: unknown }): string {
  const [first] = [content].flat() as { text?: string }[];
  return first?.text ?? "";
}

const ask = (question: string) => ({
  messages: [{ role: "user" as const, content: { type: "text" as const, text: question } }],
  maxTokens: 100,
});

const USER_NAME = { message: "What is your name?", requestedSchema: form({ name: text() }) };

/** Registers all of them. */
export function registerAsking(server: McpServer): void {
  registerQuestions(server);
  registerForms(server);
  registerRounds(server);
}

function registerQuestions(server: McpServer): void {
  server.registerTool(
    "test_sampling",
    { description: "Asks the model", inputSchema: { prompt: z.string() } },
    async ({ prompt }, { sample }) => say(`LLM response: ${textOf(await sample(ask(prompt)))}`),
  );
  server.registerTool(
    "test_elicitation",
    { description: "Asks the person", inputSchema: { message: z.string() } },
    async ({ message }, { elicit }) => {
      const requestedSchema = form({ response: text("User's response") });
      const { action, content } = await elicit({ message, requestedSchema });
      return say(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`);
    },
  );
  server.registerTool(
    "test_missing_capability",
    { description: "Needs a client that samples" },
    async ({ requireCapabilities }) => {
      await requireCapabilities({ sampling: {} });
      return say("Success");
    },
  );
  server.registerTool(
    "test_streaming_elicitation",
    { description: "Says something, then asks" },
    async ({ progress, log, elicit }) => {
      await progress(1, 2, "About to ask");
      await log("info", "About to ask");
      const { action } = await elicit({ ...USER_NAME, message: "And what is yours?" });
      return say(`The answer was: ${action}`);
    },
  );
}

/** Forms of every kind (SEP-1034, SEP-1330). */
function registerForms(server: McpServer): void {
  const completed = (action: string, content: unknown) =>
    say(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
  server.registerTool(
    "test_elicitation_sep1034_defaults",
    { description: "Asks by a form with defaults" },
    async ({ elicit }) => {
      const { action, content } = await elicit({
        message: "Please review and update the form fields with defaults",
        requestedSchema: form(
          {
            name: { type: "string", description: "User name", default: "John Doe" },
            age: { type: "integer", description: "User age", default: 30 },
            score: { type: "number", description: "User score", default: 95.5 },
            status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
            verified: { type: "boolean", description: "Verification status", default: true },
          },
          [],
        ),
      });
      return completed(action, content);
    },
  );
  const titled = (prefix: string, word: string) =>
    ["First", "Second", "Third"].map((nth, at) => ({ const: `${prefix}${at + 1}`, title: `${nth} ${word}` }));
  server.registerTool(
    "test_elicitation_sep1330_enums",
    { description: "Asks by a form with choices" },
    async ({ elicit }) => {
      const options = ["option1", "option2", "option3"];
      const { action, content } = await elicit({
        message: "Please select options from the enum fields",
        requestedSchema: form(
          {
            untitledSingle: { type: "string", enum: options },
            titledSingle: { type: "string", oneOf: titled("value", "Option") },
            legacyEnum: {
              type: "string",
              enum: ["opt1", "opt2", "opt3"],
              enumNames: ["Option One", "Option Two", "Option Three"],
            },
            untitledMulti: { type: "array", minItems: 1, maxItems: 3, items: { type: "string", enum: options } },
            titledMulti: { type: "array", minItems: 1, maxItems: 3, items: { anyOf: titled("value", "Choice") } },
          },
          [],
        ),
      });
      return completed(action, content);
    },
  );
}

/** What 2026-07-28 does in rounds. The keys are the suite's. */
function registerRounds(server: McpServer): void {
  server.registerTool(
    "test_input_required_result_elicitation",
    { description: "Asks for a name" },
    async ({ elicit }) => {
      const { content } = await elicit(USER_NAME, { key: "user_name" });
      return say(`Hello, ${String(content?.name)}!`);
    },
  );
  server.registerTool(
    "test_input_required_result_sampling",
    { description: "Asks the model for a capital" },
    async ({ sample }) => {
      const answer = await sample(ask("What is the capital of France?"), { key: "sample_request" });
      return say(`Sampling result: ${textOf(answer)}`);
    },
  );
  server.registerTool(
    "test_input_required_result_list_roots",
    { description: "Asks for folders" },
    async ({ listRoots }) => {
      const { roots } = await listRoots({ key: "roots_request" });
      return say(`Found ${roots.length} root(s): ${roots.map(({ uri }: Root) => uri).join(", ")}`);
    },
  );
  const confirm = { message: "Please confirm", requestedSchema: form({ ok: { type: "boolean" } }) };
  server.registerTool(
    "test_input_required_result_request_state",
    { description: "Keeps what it knows between two rounds" },
    async ({ elicit, once }) => {
      const kept = await once("kept", () => "state-ok");
      await elicit(confirm, { key: "confirm" });
      return say(`Received: ${kept}`);
    },
  );
  server.registerTool(
    "test_input_required_result_tampered_state",
    { description: "Notices what was changed between two rounds" },
    async ({ elicit }) => {
      await elicit(confirm, { key: "confirm" });
      return say("integrity-ok: state verified");
    },
  );
  server.registerTool(
    "test_input_required_result_multiple_inputs",
    { description: "Asks three things at once" },
    async ({ elicit, sample, listRoots }) => {
      const [name, greeting, { roots }] = await Promise.all([
        elicit(USER_NAME, { key: "user_name" }),
        sample(ask("Generate a greeting"), { key: "greeting" }),
        listRoots({ key: "client_roots" }),
      ]);
      return say(`${textOf(greeting)}, ${String(name.content?.name)}: ${roots.length} root(s)`);
    },
  );
  server.registerTool(
    "test_input_required_result_multi_round",
    { description: "Asks one thing after the other" },
    async ({ elicit }) => {
      const name = await elicit(
        { message: "Step 1: your name?", requestedSchema: form({ name: text() }) },
        { key: "step1" },
      );
      const color = await elicit(
        { message: "Step 2: your favorite color?", requestedSchema: form({ color: text() }) },
        { key: "step2" },
      );
      return say(`${String(name.content?.name)} likes ${String(color.content?.color)}`);
    },
  );
  server.registerTool(
    "test_input_required_result_capabilities",
    { description: "Asks only for what the client can do" },
    async ({ elicit, sample, _meta }) => {
      const declared = (_meta?.["io.modelcontextprotocol/clientCapabilities"] ?? {}) as Record<string, unknown>;
      const asked: Promise<unknown>[] = [];
      if ("elicitation" in declared) asked.push(elicit(USER_NAME, { key: "elicit_input" }));
      if ("sampling" in declared) asked.push(sample(ask("What is the capital of France?"), { key: "sample_input" }));
      await Promise.all(asked);
      return say(`Asked for ${asked.length} input(s)`);
    },
  );
  server.registerPrompt(
    "test_input_required_result_prompt",
    { description: "Asks for a context" },
    async ({ elicit }) => {
      const message = "What context should the prompt use?";
      const { content } = await elicit(
        { message, requestedSchema: form({ context: text() }) },
        { key: "user_context" },
      );
      return {
        messages: [
          { role: "user", content: { type: "text", text: `Prompt with context: ${String(content?.context)}` } },
        ],
      };
    },
  );
}

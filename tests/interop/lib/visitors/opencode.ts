/** OpenCode: a model asks it for the tool. */
import { readdirSync } from "node:fs";
import { model } from "../model.ts";
import { Home, program } from "../program.ts";
import { freePort } from "../../../harness/port.ts";
import type { Visited, Visitor } from "../visits.ts";

const PREFIX = "adder_";

/** The program for this machine: npm has installed no other, but beside it perhaps one that any processor can run. */
const executable = () => {
  const folders = readdirSync(program()).filter((name) => name.startsWith("opencode-") && name !== "opencode-ai");
  const folder = folders.find((name) => name.endsWith("-baseline")) ?? folders[0] ?? "no-opencode";
  return program(folder, "bin/opencode");
};

const ENV = {
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_MODELS_FETCH: "1",
  OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
};

export const opencode: Visitor = {
  title: "OpenCode",
  visit: async ({ url, key, person }): Promise<Visited> => {
    const home = new Home(person);
    const standIn = await model();
    const oauth = person ? { callbackPort: await freePort() } : false;
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    home.write(".config/opencode/opencode.json", {
      mcp: { adder: { type: "remote", url, oauth, headers } },
      model: "none/none",
      small_model: "none/none",
      provider: {
        none: {
          npm: "@ai-sdk/openai-compatible",
          options: { baseURL: `${standIn.url}/v1`, apiKey: "none" },
          models: { none: { tool_call: true } },
        },
      },
    });
    try {
      if (person) await home.run(executable(), ["mcp", "auth", "adder"], { env: ENV });
      const { stderr } = await home.run(executable(), ["run", "Add 40 and 2.", "--auto"], { env: ENV });
      if (standIn.results.length === 0) throw new Error(`nothing was called: ${stderr}`);
      return {
        tools: [...standIn.tools].filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)),
        answer: String(standIn.results[0]),
      };
    } finally {
      standIn.stop();
      home.remove();
    }
  },
};

/** Gemini CLI: a model asks it for the tool, and `/mcp auth` has it sign in. */
import { model } from "../model.ts";
import { Home, program } from "../program.ts";
import type { Visited, Visitor } from "../visits.ts";

const GEMINI = program("@google/gemini-cli/bundle/gemini.js");
const PREFIX = "mcp_adder_";

const settings = (url: string, key: string | undefined) => ({
  security: { folderTrust: { enabled: false }, auth: { selectedType: "gemini-api-key" } },
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  general: { enableAutoUpdate: false },
  mcpServers: { adder: { httpUrl: url, ...(key && { headers: { Authorization: `Bearer ${key}` } }) } },
});

export const gemini: Visitor = {
  title: "Gemini CLI",
  visit: async ({ url, key, person }): Promise<Visited> => {
    const home = new Home(person);
    const standIn = await model();
    home.write(".gemini/settings.json", settings(url, key));
    const env = { GEMINI_API_KEY: "none", GOOGLE_GEMINI_BASE_URL: standIn.url, GEMINI_FORCE_FILE_STORAGE: "true" };
    const prompt = (text: string) => [GEMINI, "--model", "gemini-2.5-flash", "--yolo", "--prompt", text];
    try {
      if (person) {
        const reply = { asks: "[Y/n]", answer: "y\n" };
        await home.run(process.execPath, prompt("/mcp auth adder"), { env, reply });
      }
      const { stderr } = await home.run(process.execPath, prompt("Add 40 and 2."), { env });
      if (standIn.results.length === 0) throw new Error(`nothing was called: ${stderr}`);
      const { output, error } = standIn.results[0] as { output?: string; error?: string };
      if (output === undefined) throw new Error(`the call was refused: ${String(error)}`);
      return {
        tools: [...standIn.tools].filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)),
        // The text that comes from a server is marked as such.
        answer: output.replaceAll(/<\/?untrusted_context>/g, "").trim(),
      };
    } finally {
      standIn.stop();
      home.remove();
    }
  },
};

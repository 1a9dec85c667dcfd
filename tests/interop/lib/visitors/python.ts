/** The clients that are Python libraries. The suite's set-up names their interpreters. */
import { at } from "../../../harness/paths.ts";
import { Home } from "../program.ts";
import { freePort } from "../../../harness/port.ts";
import type { Visited, Visitor } from "../visits.ts";

const SCRIPT = at("tests/interop/python/visit.py");

const library = (title: string, name: string, interpreter: string | undefined): Visitor => ({
  title,
  visit: async ({ url, key, person }) => {
    const home = new Home(person);
    const way = key ? ["key", key] : person ? ["sign-in", String(await freePort())] : [];
    try {
      const env = { MCP_USE_ANONYMIZED_TELEMETRY: "false", PYTHONWARNINGS: "ignore" };
      const { stdout, stderr } = await home.run(interpreter ?? "python3", [SCRIPT, name, url, ...way], { env });
      const line = stdout.trim().split("\n").at(-1) ?? "";
      if (!line.startsWith("{")) throw new Error(`${stdout}\n${stderr}`);
      return JSON.parse(line) as Visited;
    } finally {
      home.remove();
    }
  },
});

export const pythonVisitors: Visitor[] = [
  library("Python", "mcp", process.env.FASTMCP),
  library("fastmcp", "fastmcp", process.env.FASTMCP),
  library("mcp-use (Python)", "mcp_use", process.env.MCP_USE),
];

/** Command lines that connect for one command each: mcporter, and the Inspector's. */
import { at } from "../../../harness/paths.ts";
import { Home, program } from "../program.ts";
import { freePort } from "../../../harness/port.ts";
import type { Visited, Visitor } from "../visits.ts";

/** What a program has said, as JSON. */
function parsed<T>({ stdout, stderr }: { stdout: string; stderr: string }): T {
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`no JSON: ${stdout}\n${stderr}`);
  }
}

interface Tools {
  tools: { name: string }[];
}

export const mcporter: Visitor = {
  title: "mcporter",
  visit: async ({ url, key, person }): Promise<Visited> => {
    const home = new Home(person);
    const server = { baseUrl: url, allowHttp: true, ...(person && { auth: "oauth" }) };
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    home.write("work/config/mcporter.json", { mcpServers: { adder: { ...server, headers } }, imports: [] });
    const run = (...args: string[]) => home.run(process.execPath, [program("mcporter/dist/cli.js"), ...args]);
    try {
      if (person) await run("auth", "adder");
      const { tools } = parsed<Tools>(await run("list", "adder", "--json"));
      const { stdout } = await run("call", "adder.add", "a=40", "b=2");
      return { tools: tools.map(({ name }) => name), answer: stdout.trim() };
    } finally {
      home.remove();
    }
  },
};

const INSPECTOR = at("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");

interface Shown {
  result: Tools & { content: { text: string }[] };
}

export const inspector: Visitor = {
  title: "Inspector CLI",
  visit: async ({ url, key, person }): Promise<Visited> => {
    const home = new Home(person);
    const args = [INSPECTOR, "--cli", url, "--transport", "http", "--format", "json"];
    if (key) args.push("--header", `Authorization: Bearer ${key}`);
    if (person) args.push("--callback-url", `http://127.0.0.1:${await freePort()}/oauth/callback`);
    const env: Record<string, string> = person ? { MCP_AUTO_OPEN_ENABLED: "true" } : {};
    const run = async (...method: string[]) =>
      parsed<Shown>(await home.run(process.execPath, [...args, "--method", ...method], { env })).result;
    try {
      const { tools } = await run("tools/list");
      const { content } = await run("tools/call", "--tool-name", "add", "--tool-arg", "a=40", "b=2");
      return { tools: tools.map(({ name }) => name), answer: content[0]?.text ?? "" };
    } finally {
      home.remove();
    }
  },
};

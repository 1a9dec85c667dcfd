/** Codex: what its editors do, by the protocol of its `app-server`, JSON lines on stdin and stdout. */
import type { ChildProcess } from "node:child_process";
import { Home, program } from "../program.ts";
import { ARGUMENTS, type Visited, type Visitor } from "../visits.ts";

const CODEX = program("@openai/codex/bin/codex.js");

interface Answer {
  id?: number;
  method?: string;
  result: unknown;
  error?: { message: string };
}

/** Asks the app server; resolves with the result. */
function asking(child: ChildProcess) {
  const waiting = new Map<number, (answer: Answer) => void>();
  let [rest, said, count] = ["", "", 0];
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const answer = JSON.parse(line) as Answer;
      if (answer.id !== undefined && answer.method === undefined) waiting.get(answer.id)?.(answer);
    }
  });
  const write = (message: object) => child.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return async (method: string, params?: object): Promise<unknown> => {
    if (!params) return write({ method });
    const id = ++count;
    const answered = new Promise<Answer>((resolve, reject) => {
      waiting.set(id, resolve);
      child.once("exit", () => reject(new Error(`Codex has ended: ${said}`)));
    });
    write({ id, method, params });
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}\n${said}`);
    return result;
  };
}

interface Status {
  data: { name: string; tools: Record<string, unknown> }[];
}

async function used(child: ChildProcess): Promise<Visited> {
  const ask = asking(child);
  await ask("initialize", {
    clientInfo: { name: "interop", version: "1.0.0" },
    capabilities: { experimentalApi: true },
  });
  await ask("initialized");
  const { data } = (await ask("mcpServerStatus/list", {})) as Status;
  const { thread } = (await ask("thread/start", { ephemeral: true })) as { thread: { id: string } };
  const call = { threadId: thread.id, server: "adder", tool: "add", arguments: ARGUMENTS };
  const { content } = (await ask("mcpServer/tool/call", call)) as { content: { text: string }[] };
  return { tools: Object.keys(data[0]?.tools ?? {}), answer: content[0]?.text ?? "" };
}

export const codex: Visitor = {
  title: "Codex",
  visit: async ({ url, key, person }) => {
    const home = new Home(person);
    const lines = ['mcp_oauth_credentials_store = "file"', "[mcp_servers.adder]", `url = "${url}"`];
    if (key) lines.push('bearer_token_env_var = "ADDER_KEY"');
    home.write(".codex/config.toml", lines.join("\n"));
    try {
      if (person) await home.run(process.execPath, [CODEX, "mcp", "login", "adder"]);
      const child = home.start(process.execPath, [CODEX, "app-server"], key ? { ADDER_KEY: key } : {});
      const gone = new Promise((resolve) => child.once("close", resolve));
      try {
        return await used(child);
      } finally {
        child.stdin?.end();
        await gone;
      }
    } finally {
      home.remove();
    }
  },
};

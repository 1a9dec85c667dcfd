/** Clients that are programs of their own: the official Python client and the Inspector's command line. */
import { execFile } from "node:child_process";
import { at } from "../../harness/paths.ts";
import { type Client, EXPECTED, Limitation, type Operation } from "./operations.ts";

const output = (command: string, args: string[]): Promise<{ stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: 60_000 }, (_error, stdout, stderr) => resolve({ stdout, stderr }));
  });

/** `FASTMCP` names the interpreter that has the client; the suite's set-up installs it. */
const python: Client = {
  title: "Python",
  limits: { resume: /has no resumption/ },
  run: async (operation, site) => {
    if (operation === "resume")
      return new Limitation("revision 2026-07-28 has no resumption: a lost stream is a lost request");
    const script = at("tests/interop/python/client.py");
    const { stdout, stderr } = await output(process.env.FASTMCP ?? "python3", [script, `${site}/mcp`, operation]);
    if (stdout === "") throw new Error(stderr);
    const { text, error } = JSON.parse(stdout) as { text?: string; error?: string };
    return text ?? `failed: ${error ?? "without a word"}`;
  },
};

/** What the command line is told for each operation. */
const METHODS: Partial<Record<Operation, string[]>> = {
  call: ["tools/call", "--tool-name", "test_simple_text"],
  read: ["resources/read", "--uri", "test://static-text"],
  get: ["prompts/get", "--prompt-name", "test_prompt_with_arguments", "--prompt-args", "arg1=hello", "arg2=world"],
  complete: ["completion/complete"],
  elicit: ["tools/call", "--tool-name", "test_elicitation", "--tool-arg", "message=May I?"],
  subscribe: ["resources/subscribe", "--uri", "test://watched-resource"],
  cancel: ["notifications/cancelled"],
  resume: ["tools/call", "--tool-name", "test_reconnection"],
};

interface Shown {
  result?: {
    content?: { text: string }[];
    contents?: { text: string }[];
    messages?: { content: { text: string } }[];
    tools?: { name: string }[];
    resources?: { name: string }[];
    prompts?: { name: string }[];
    isError?: boolean;
  };
  error?: { message: string };
}

async function inspect(site: string, method: string[]): Promise<Shown> {
  const script = at("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
  const args = ["--cli", `${site}/mcp`, "--transport", "http", "--format", "json", "--method", ...method];
  const { stdout, stderr } = await output(process.execPath, [script, ...args]);
  const line = [...stdout.split("\n"), ...stderr.split("\n")].find((line) => line.startsWith("{"));
  if (line === undefined) throw new Error(`the Inspector said nothing: ${stderr}`);
  return JSON.parse(line) as Shown;
}

const UNSUPPORTED = /^Unsupported method: /;
const inspector: Client = {
  title: "Inspector CLI",
  limits: {
    complete: UNSUPPORTED,
    subscribe: UNSUPPORTED,
    cancel: UNSUPPORTED,
    elicit: /^The client does not support this request: it has not declared \{"elicitation":\{"form":\{\}\}\}/,
  },
  run: async (operation, site) => {
    if (operation === "list") {
      const wanted = EXPECTED.list.split(" ");
      const kinds = ["tools", "resources", "prompts"] as const;
      const found = [];
      for (const [at, kind] of kinds.entries()) {
        const { result } = await inspect(site, [`${kind}/list`]);
        if (result?.[kind]?.some(({ name }) => name === wanted[at])) found.push(wanted[at]);
      }
      return found.join(" ");
    }
    const { result, error } = await inspect(site, METHODS[operation] ?? []);
    if (error) return new Limitation(error.message.replace(/\. Supported .*/s, "."));
    const { content, contents, messages, isError } = result ?? {};
    const text = content?.[0]?.text ?? contents?.[0]?.text ?? messages?.[0]?.content.text ?? "";
    return isError ? new Limitation(text) : text;
  },
};

export const commandClients: Client[] = [python, inspector];

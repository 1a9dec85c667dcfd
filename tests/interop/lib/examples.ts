/**
 * The servers of the official SDK's own examples, as its package has them: this takes out of each what makes the server,
 * and leaves what listens on a port (that is the Worker's here). Nothing of them is in this repository.
 */
import { readFileSync } from "node:fs";
import ts from "typescript";
import { at } from "../../harness/paths.ts";

/**
 * Which ones. The others are of tasks (experimental, and gone since), of an authorization server, or set a timer for each
 * server that they make.
 */
export const EXAMPLES = [
  "elicitationFormExample",
  "honoWebStandardStreamableHttp",
  "jsonResponseStreamableHttp",
  "mcpServerOutputSchema",
  "progressExample",
  "simpleSseServer",
  "simpleStatelessStreamableHttp",
  "sseAndStreamableHttpCompatibleServer",
  "ssePollingExample",
  "toolWithSampleServer",
] as const;

const FOLDER = "node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server";

/** The server of an example, as a module that exports `getServer`; its imports are of the package. */
export function exampleServer(name: string): string {
  const text = readFileSync(at(FOLDER, `${name}.js`), "utf8");
  const { statements } = ts.createSourceFile(`${name}.js`, text, ts.ScriptTarget.ES2023, true);
  const texts = statements.map((statement) => ({ statement, text: statement.getText() }));
  const imports = texts
    .filter(({ statement, text }) => ts.isImportDeclaration(statement) && /server\/mcp\.js|zod/.test(text))
    .map(({ text }) => text.replace("'../../", "'@modelcontextprotocol/sdk/").replaceAll("'", '"'));
  return [...imports, "", serverOf(texts.map(({ text }) => text)), ""].join("\n");
}

/** What makes the server: a function, or statements that become one. */
function serverOf(statements: string[]): string {
  const made = statements.find((text) => text.startsWith("const getServer = "));
  if (made) return `export ${made}`;
  const first = statements.find((text) => /^const \w+ = new McpServer\(/.test(text)) ?? "";
  const [, server = ""] = /^const (\w+)/.exec(first) ?? [];
  const registered = statements.filter((text) => text.startsWith(`${server}.register`));
  if (!server || registered.length === 0) throw new Error("There is no server in this example.");
  return `export const getServer = () => {\n${[first, ...registered, `return ${server};`].join("\n")}\n};`;
}

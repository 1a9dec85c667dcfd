/** Tests that use `connect` of `mcp-wicket/testing`: from now on with a token. */
import type TypeScript from "typescript";
import { REPOSITORY } from "../doctor/findings.js";
import { type Code, withImport } from "./code.js";
import type { Project } from "./project.js";

export interface Guarded {
  /** What the helper needs of another module. */
  from?: string;
  imports?: readonly string[];
  /** What it needs of `mcp-wicket/testing`, and what it does not need any more. */
  testing: readonly string[];
  notTesting?: readonly string[];
  /** The function `token`, which a test calls before it connects. */
  helper: string;
}

const TESTING = /^mcp-wicket\/testing$/;

export function guardTests(project: Project, guarded: Guarded): void {
  for (const path of project.tests) {
    if (project.isGenerated(path)) continue;
    if (!/["']mcp-wicket\/testing["']/.test(project.draft.read(path) ?? "")) continue;
    project.edit(path, (code) => {
      const { ts } = code;
      const helper = code.file.statements.find((each) => ts.isFunctionDeclaration(each) && each.name?.text === "token");
      const calls = code
        .all(ts.isCallExpression)
        .filter(({ expression }) => ts.isIdentifier(expression) && expression.text === "connect");
      if (calls.length === 0) return;
      const open = calls.filter(
        (call) =>
          !expectsRefusal(code, call) && !/\btoken\b/.test(call.arguments[1] ? code.textOf(call.arguments[1]) : ""),
      );
      const given = calls.find((call) => !open.includes(call) && !expectsRefusal(code, call));
      if (!helper && (given || open.length === 0)) {
        code.note(given ?? calls[0] ?? code.file, `change where this test gets its token.`);
        return;
      }
      withImport(code, TESTING, "mcp-wicket/testing", guarded.testing, guarded.notTesting);
      if (helper) {
        code.replace(helper, guarded.helper.replace(/^\/\*\*.*\*\/\n/, ""));
      } else {
        const last = code.imports.at(-1);
        code.insert(last?.getEnd() ?? 0, `\n\n${guarded.helper}`);
        for (const call of open) withToken(code, call);
      }
      const { from, imports } = guarded;
      const isThere = code.imports.some((each) => code.moduleOf(each) === from);
      const [first] = code.imports;
      if (from !== undefined && imports && !isThere) {
        code.insert(first?.getStart(code.file) ?? 0, `import { ${imports.join(", ")} } from "${from}";\n`);
      }
    });
  }
}

/** `expect(connect(worker)).rejects`: nobody is refused with a token. */
function expectsRefusal(code: Code, call: TypeScript.Node): boolean {
  const { ts } = code;
  return !!ts.findAncestor(call, (node) => ts.isPropertyAccessExpression(node) && node.name.text === "rejects");
}

function withToken(code: Code, call: ReturnType<Code["all"]>[number]): void {
  const { ts } = code;
  if (!ts.isCallExpression(call)) return;
  const [, options] = call.arguments;
  const scope = ts.findAncestor(call, ts.isFunctionLike);
  const isAsync = scope === undefined || /^(?:export\s+)?async\b/.test(code.textOf(scope));
  if (!isAsync) {
    code.note(call, `connect with a token, \`{ token: await token() }\`.`);
  } else if (!options) {
    code.insert(call.getEnd() - 1, ", { token: await token() }");
  } else if (ts.isObjectLiteralExpression(options)) {
    code.insert(options.getStart(code.file) + 1, ` token: await token(),${options.properties.length === 0 ? " " : ""}`);
  } else {
    code.replace(options, `{ token: await token(), ...${code.textOf(options)} }`);
  }
}

/** How people change the configuration of their clients. */
export const atClients = (flags: string) =>
  `\`npx mcp-wicket client-config ${[flags, "URL"].filter(Boolean).join(" ")}\` prints their configuration (${REPOSITORY}docs/clients.md).`;

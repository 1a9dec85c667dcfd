/** The MCP endpoints in a Worker's main module, and what its default export does with them. */
import type TypeScript from "typescript";
import type { Code, Node } from "./code.js";

/** An endpoint as the code names it. */
export interface Endpoint {
  /** `MyMCP.serve("/mcp")`, or the name of a constant. */
  text: string;
  path: string;
}

/** The endpoint that an expression is: a call of `serve`, `serveSSE` or `createMcpHandler`, or a constant with one. */
export function endpointIn(code: Code, given: TypeScript.Expression): Endpoint | undefined {
  const { ts } = code;
  const expression = code.bare(given);
  if (ts.isIdentifier(expression)) {
    const value = code.constant(expression.text);
    const endpoint = value && endpointIn(code, value);
    return endpoint && { ...endpoint, text: expression.text };
  }
  if (!ts.isCallExpression(expression)) return undefined;
  const { expression: callee, arguments: args } = expression;
  const text = code.textOf(expression);
  if (ts.isPropertyAccessExpression(callee) && ["serve", "serveSSE", "mount"].includes(callee.name.text)) {
    const [path] = args;
    return path && ts.isStringLiteralLike(path) ? { text, path: path.text } : undefined;
  }
  if (!ts.isIdentifier(callee) || callee.text !== "createMcpHandler") return undefined;
  const [, options] = args;
  const route = options && ts.isObjectLiteralExpression(options) ? propertyOf(code, options, "route") : undefined;
  return { text, path: route && ts.isStringLiteralLike(route) ? route.text : "/mcp" };
}

/** The value of a property of an object literal. */
export function propertyOf(
  code: Code,
  object: TypeScript.ObjectLiteralExpression,
  name: string,
): TypeScript.Expression | undefined {
  const { ts } = code;
  for (const each of object.properties) {
    if (each.name?.getText(code.file).replaceAll(/["']/g, "") !== name) continue;
    if (ts.isPropertyAssignment(each)) return each.initializer;
    if (ts.isShorthandPropertyAssignment(each)) return each.name;
  }
  return undefined;
}

/** A call that hands the request to an endpoint: `MyMCP.serve("/mcp").fetch(request, env, ctx)`, `mcp(request, env, ctx)`. */
export interface Handover {
  call: TypeScript.CallExpression;
  endpoint: Endpoint;
}

export function handovers(code: Code, from: Node): Handover[] {
  const { ts } = code;
  return code.all(ts.isCallExpression, from).flatMap((call) => {
    const callee = code.bare(call.expression);
    if (ts.isPropertyAccessExpression(callee) && callee.name.text === "fetch") {
      const endpoint = endpointIn(code, callee.expression);
      return endpoint ? [{ call, endpoint }] : [];
    }
    const endpoint = call.arguments.length >= 1 && ts.isIdentifier(callee) ? endpointIn(code, callee) : undefined;
    return endpoint ? [{ call, endpoint }] : [];
  });
}

/** What the default export of the main module is. */
export type Exported =
  | { kind: "endpoint"; statement: TypeScript.ExportAssignment; endpoint: Endpoint }
  | {
      kind: "handler";
      statement: TypeScript.ExportAssignment;
      handovers: Handover[];
      /** It hands requests over, answers others with the start page or 404, and does nothing else. */
      isPlain: boolean;
    };

export function exportedBy(code: Code): Exported | undefined {
  const { ts } = code;
  const { defaultExport: statement } = code;
  if (!statement) return undefined;
  const endpoint = endpointIn(code, statement.expression);
  if (endpoint) return { kind: "endpoint", statement, endpoint };
  const object = code.bare(statement.expression);
  if (!ts.isObjectLiteralExpression(object)) return undefined;
  const found = handovers(code, object);
  if (found.length === 0) return undefined;
  return { kind: "handler", statement, handovers: found, isPlain: isPlain(code, object, found) };
}

function isPlain(code: Code, object: TypeScript.ObjectLiteralExpression, found: readonly Handover[]): boolean {
  const { ts } = code;
  const [only, ...others] = object.properties;
  if (others.length > 0 || only?.name?.getText(code.file) !== "fetch") return false;
  const skipped = new Set<Node>(found.map(({ call }) => call));
  let isSimple = true;
  const visit = (node: Node) => {
    if (skipped.has(node)) return;
    if (ts.isNewExpression(node)) {
      const name = code.textOf(node.expression);
      if (name === "Response" ? !/\bstatus:\s*404\b/.test(code.textOf(node)) : name !== "URL") isSimple = false;
    } else if (ts.isCallExpression(node)) {
      const name = code.textOf(node.expression);
      if (name !== "startPage" && !/\.(?:startsWith|endsWith|includes)$/.test(name)) isSimple = false;
    } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
      isSimple = false;
    }
    ts.forEachChild(node, visit);
  };
  visit(only);
  return isSimple;
}

/** The names of the exported classes that extend `McpAgent`. */
export function agentsIn(code: Code): string[] {
  const { ts } = code;
  return code.file.statements.flatMap((statement) => {
    if (!ts.isClassDeclaration(statement) || !statement.name) return [];
    const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    const extended = statement.heritageClauses?.flatMap(({ types }) => types.map(({ expression }) => expression)) ?? [];
    return isExported && extended.some((each) => code.textOf(each) === "McpAgent") ? [statement.name.text] : [];
  });
}

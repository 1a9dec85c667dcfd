/** From `agents` and `@cloudflare/workers-oauth-provider`, as docs/guides/from-agents.md describes it. */
import type TypeScript from "typescript";
import { REPOSITORY } from "../doctor/findings.js";
import { TRANSPORT } from "../../mcp/compatibility.js";
import { UNSUPPORTED_MEMBERS } from "../../mcp/agent/unsupported.js";
import { UNSUPPORTED_HELPERS } from "../../oauth/unsupported-helpers.js";
import { UNSUPPORTED } from "../../oauth/compatibility-options.js";
import type { Code } from "./code.js";
import { agentsIn, propertyOf } from "./endpoints.js";
import {
  EXPORTS,
  type Entry,
  FIXED_OPTIONS,
  NEEDLESS_OPTIONS,
  PACKAGES,
  RENAMED_HANDLER_OPTIONS,
  RENAMED_OPTIONS,
  REPLACED,
  TRANSPORT_OPTIONS,
} from "./names.js";
import type { Project } from "./project.js";

/** Whether the code has imports of the packages that this one replaces. */
export function usesAgents(project: Project): boolean {
  return project.sources.some((path) => {
    const code = project.code(path);
    return code.imports.some((each) => REPLACED.test(code.moduleOf(each)) && !isLeft(code, each));
  });
}

export function fromAgents(project: Project, version: string): void {
  const { draft } = project;
  const entry = entryOf(project);
  const agents = project.sources.flatMap((path) => agentsIn(project.code(path)));
  /** For each provider, whether its clients keep their IDs. */
  const kept: boolean[] = [];
  for (const path of project.sources) {
    project.edit(path, (code) => {
      if (!code.imports.some((each) => REPLACED.test(code.moduleOf(each)))) return;
      moveImports(code, entry);
      const names = providerNames(code);
      for (const each of code.all(code.ts.isNewExpression)) {
        if (names.includes(code.textOf(each.expression))) kept.push(provider(code, project, each));
      }
      for (const each of code.all(code.ts.isCallExpression)) calls(code, project, each, agents);
    });
  }
  for (const path of project.sources) otherImports(project.code(path), draft);
  const hasProvider = entry === "mcp-wicket/oauth";
  project.configure({
    at: ["compatibility_flags"],
    add: ["enable_request_signal", ...(hasProvider ? ["global_fetch_strictly_public"] : [])],
  });
  for (const [name, environment] of Object.entries((project.config.all["env"] ?? {}) as Record<string, object>)) {
    if (!("compatibility_flags" in environment)) continue;
    draft.note(
      `${project.config.file}: the environment "${name}" has \`compatibility_flags\` of its own, so it does not inherit the new ones. Add them there, too.`,
    );
  }
  dependencies(project, version);
  if (hasProvider) {
    draft.note(
      `After the deployment, people sign in once more: tokens and grants of before are not read. ${
        kept.length > 0 && kept.every(Boolean)
          ? "Clients keep their IDs (`legacyClients`)."
          : "For clients to keep their IDs, add `kv` and `legacyClients: true` to the options of OAuthProvider."
      }`,
    );
    draft.note(
      "Store a secret for the server's own keys: `openssl rand -base64 32 | npx wrangler secret put WICKET_SECRET`.",
    );
  }
  draft.note("Run `npm install`, then your tests, and `npx mcp-wicket doctor`.");
}

/** What is not an import declaration is left: `export … from`, `require`, `import()`. */
function otherImports(code: Code, draft: Project["draft"]): void {
  const { ts } = code;
  const exported = code.file.statements.filter(ts.isExportDeclaration);
  const specifiers = exported.flatMap(({ moduleSpecifier }) => moduleSpecifier ?? []);
  for (const {
    expression,
    arguments: [module],
  } of code.all(ts.isCallExpression)) {
    if (/^(?:require|import)$/.test(code.textOf(expression)) && module) specifiers.push(module);
  }
  for (const specifier of specifiers) {
    const module = code.moduleOf({ moduleSpecifier: specifier });
    if (!REPLACED.test(module)) continue;
    const line = code.text.slice(0, specifier.getStart(code.file)).split("\n").length;
    draft.note(
      `${code.path}:${String(line)}: "${module}" is not imported by an import declaration, and was left as it is.`,
    );
  }
}

/** The smallest entry point that has everything. */
function entryOf(project: Project): Entry {
  const texts = project.sources.map((path) => project.draft.read(path) ?? "");
  const has = (pattern: RegExp) => texts.some((text) => pattern.test(text));
  if (has(/["']@cloudflare\/workers-oauth-provider["']/)) return "mcp-wicket/oauth";
  return has(/\bJWTVerifier\b|["'`]authorization["'`]/i) ? "mcp-wicket/jwt" : "mcp-wicket";
}

const ENTRIES: readonly Entry[] = ["mcp-wicket", "mcp-wicket/jwt", "mcp-wicket/oauth"];
const exported = (name: string, entry: Entry) =>
  ENTRIES.slice(0, ENTRIES.indexOf(entry) + 1).some((each) => EXPORTS[each].includes(name));

interface Imported {
  name: string;
  text: string;
}

/** The names that an import declaration has; `undefined` for a namespace, or for an import without names. */
function namesIn(code: Code, { importClause }: TypeScript.ImportDeclaration): Imported[] | undefined {
  const { ts } = code;
  if (!importClause) return undefined;
  const { name, namedBindings } = importClause;
  if (namedBindings && ts.isNamespaceImport(namedBindings)) return undefined;
  return [
    ...(name ? [{ name: "default", text: name.text }] : []),
    ...(namedBindings?.elements ?? []).map((each) => ({
      name: (each.propertyName ?? each.name).text,
      text: code.textOf(each),
    })),
  ];
}

/** True if nothing of it has a counterpart. */
function isLeft(code: Code, declaration: TypeScript.ImportDeclaration): boolean {
  const names = namesIn(code, declaration);
  return names === undefined || !names.some(({ name }) => exported(name, "mcp-wicket/oauth"));
}

function moveImports(code: Code, entry: Entry): void {
  for (const declaration of code.imports) {
    const module = code.moduleOf(declaration);
    if (!REPLACED.test(module)) continue;
    const names = namesIn(code, declaration);
    const lost = names?.filter(({ name }) => !exported(name, entry)) ?? [];
    if (names === undefined || lost.length > 0) {
      const what = names === undefined ? `the import of "${module}"` : lost.map(({ name }) => `\`${name}\``).join(", ");
      code.note(
        declaration,
        `${what} has no counterpart and was left as it is. See ${REPOSITORY}docs/guides/from-agents.md.`,
      );
    }
    if (names === undefined || lost.length === names.length) continue;
    if (lost.length === 0) {
      code.replace(declaration.moduleSpecifier, JSON.stringify(entry));
      continue;
    }
    const type = /^import\s+type\b/.test(code.textOf(declaration)) ? "type " : "";
    const line = (all: readonly Imported[], from: string) => {
      const main = all.find(({ name }) => name === "default");
      const named = all.filter(({ name }) => name !== "default").map(({ text }) => text);
      const parts = [...(main ? [main.text] : []), ...(named.length > 0 ? [`{ ${named.join(", ")} }`] : [])];
      return `import ${type}${parts.join(", ")} from ${JSON.stringify(from)};`;
    };
    code.replace(
      declaration,
      `${line(
        names.filter((each) => !lost.includes(each)),
        entry,
      )}\n${line(lost, module)}`,
    );
  }
}

/** The names under which a file knows `OAuthProvider` of the package that is replaced. */
function providerNames(code: Code): string[] {
  const all = code.imports.filter((each) => code.moduleOf(each) === "@cloudflare/workers-oauth-provider");
  return all.flatMap((each) => {
    const named = (namesIn(code, each) ?? []).filter(({ name }) => ["OAuthProvider", "default"].includes(name));
    return named.map(({ text }) => text.replace(/^.*\bas\s+/s, ""));
  });
}

/** Changes the options; gives whether clients keep their IDs. */
function provider(code: Code, project: Project, { arguments: args }: TypeScript.NewExpression): boolean {
  const { ts } = code;
  const { draft } = project;
  const [options] = args ?? [];
  if (!options || !ts.isObjectLiteralExpression(options)) {
    draft.note(`${code.path}: the options of OAuthProvider are not written as an object, so they were not changed.`);
    return false;
  }
  for (const each of options.properties) {
    const name = each.name?.getText(code.file) ?? "";
    const value = propertyOf(code, options, name);
    const renamed = RENAMED_OPTIONS[name];
    const fixed = FIXED_OPTIONS[name];
    if (renamed !== undefined && each.name) {
      code.replace(each.name, ts.isShorthandPropertyAssignment(each) ? `${renamed}: ${name}` : renamed);
      if (renamed === "accessTokenTtl" && value && Number(code.textOf(value)) > 3600) {
        code.note(each, `accessTokenTtl is at most 3600 seconds; clients refresh.`);
      }
    } else if ((NEEDLESS_OPTIONS as readonly string[]).includes(name)) {
      code.removeFrom(options.properties, each);
      code.note(each, `\`${name}\` was removed. ${UNSUPPORTED[name as (typeof NEEDLESS_OPTIONS)[number]]}`);
    } else if (fixed && value && code.textOf(value) !== fixed.value) {
      code.removeFrom(options.properties, each);
      code.note(each, `\`${name}\` was removed. ${fixed.why}`);
    } else if (name in UNSUPPORTED) {
      code.note(
        each,
        `\`${name}\` is not supported, and was left as it is. ${UNSUPPORTED[name as keyof typeof UNSUPPORTED]}`,
      );
    }
  }
  const has = (name: string) => options.properties.some((each) => each.name?.getText(code.file) === name);
  const binds = JSON.stringify(project.config.all["kv_namespaces"] ?? []).includes('"OAUTH_KV"');
  const last = options.properties.at(-1);
  if (!binds || !last || has("legacyClients")) return has("legacyClients");
  const gap = /\n[ \t]*$/.exec(code.text.slice(0, last.getStart(code.file)))?.[0] ?? " ";
  const comment = gap === " " ? "" : `${gap}// Clients that have registered before keep their IDs.`;
  const kv = has("kv") ? "" : `${gap}kv: (env${code.isTyped ? `: ${project.envType(code)}` : ""}) => env.OAUTH_KV,`;
  const at = options.properties.hasTrailingComma ? options.properties.end : last.getEnd();
  code.insert(
    at,
    `${options.properties.hasTrailingComma ? "" : ","}${kv}${comment}${gap}legacyClients: true${gap === " " ? "" : ","}`,
  );
  return true;
}

const HELPERS = UNSUPPORTED_HELPERS as Readonly<Record<string, string>>;

function calls(code: Code, project: Project, call: TypeScript.CallExpression, agents: readonly string[]): void {
  const { ts } = code;
  const callee = code.bare(call.expression);
  if (ts.isIdentifier(callee) && callee.text === "createMcpHandler") handler(code, project, call);
  if (!ts.isPropertyAccessExpression(callee)) return;
  const { name, expression } = callee;
  if (agents.includes(code.textOf(expression))) {
    if (name.text === "mount") code.replace(name, "serveSSE");
    const [, options] = call.arguments;
    if (options && ts.isObjectLiteralExpression(options) && propertyOf(code, options, "jurisdiction")) {
      code.note(options, `\`jurisdiction\` is not supported, and was left as it is.`);
    }
  }
  const advice = expression.kind === ts.SyntaxKind.ThisKeyword ? UNSUPPORTED_MEMBERS[name.text] : undefined;
  if (advice !== undefined) {
    code.note(call, `\`this.${name.text}\` is not available, and was left as it is. ${advice}`);
  }
  const helper = /OAUTH_PROVIDER$/.test(code.textOf(expression)) ? HELPERS[name.text] : undefined;
  if (helper !== undefined) {
    code.note(call, `\`${name.text}\` is not available, and was left as it is. ${helper}`);
  }
}

function handler(code: Code, project: Project, { arguments: args }: TypeScript.CallExpression): void {
  const { ts } = code;
  const [, options] = args;
  if (!options || !ts.isObjectLiteralExpression(options)) return;
  for (const each of options.properties) {
    const name = each.name?.getText(code.file) ?? "";
    const renamed = RENAMED_HANDLER_OPTIONS[name];
    if (renamed !== undefined && each.name) {
      code.replace(each.name, ts.isShorthandPropertyAssignment(each) ? `${renamed}: ${name}` : renamed);
    } else if ((TRANSPORT_OPTIONS as readonly string[]).includes(name)) {
      code.removeFrom(options.properties, each);
      code.note(each, `\`${name}\` was removed. ${TRANSPORT[name] ?? ""}`);
    } else if (name in TRANSPORT) {
      code.note(each, `\`${name}\` is not supported, and was left as it is. ${TRANSPORT[name] ?? ""}`);
    }
  }
}

/** In package.json: this package instead of those that the code does not import any more. */
function dependencies(project: Project, version: string): void {
  const specifiers = project.sources.flatMap((path) => {
    const code = project.code(path);
    return [...code.text.matchAll(/(?:from|import|require\()\s*\(?["']([^"']+)["']/g)].map(([, name = ""]) => name);
  });
  for (const name of PACKAGES) {
    if (specifiers.some((each) => each === name || each.startsWith(`${name}/`))) continue;
    for (const member of ["dependencies", "devDependencies"] as const) {
      if (project.manifest(member)[name] !== undefined) project.setManifest(member, name, undefined);
    }
  }
  if (project.manifest("dependencies")["mcp-wicket"] === undefined) {
    project.setManifest("dependencies", "mcp-wicket", `^${version}`);
  }
}

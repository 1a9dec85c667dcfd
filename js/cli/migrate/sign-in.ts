/** From token validation to sign-in, as docs/guides/from-tokens-to-sign-in.md describes it. */
import type TypeScript from "typescript";
import { REPOSITORY } from "../doctor/findings.js";
import { DEVELOPMENT, DEVELOPMENT_SCRIPT, TOKEN_SCRIPT } from "../../create/project.js";
import type { ProviderName } from "../../create/choices.js";
import { HANDLERS, HEADS, OBJECT_EXPORT } from "../../create/worker.js";
import { type Code, withImport } from "./code.js";
import { type Endpoint, agentsIn, endpointIn, handovers, propertyOf } from "./endpoints.js";
import type { Project } from "./project.js";
import { setSecrets, setTypes } from "./secrets.js";
import { atClients, guardTests } from "./tests.js";
import { withEntry } from "./tokens.js";

const OURS = /^mcp-wicket(?:\/jwt)?$/;

export function toSignIn(project: Project, provider: ProviderName): void {
  const { main, name, draft } = project;
  const { label, secrets } = HANDLERS[provider];
  for (const path of project.sources) {
    if (path !== main) project.edit(path, (code) => withEntry(code, OURS, "mcp-wicket/oauth"));
  }
  const [agent] = agentsIn(project.code(main));
  project.edit(main, (code) => replaceGuard(code, project, provider, agent));
  draft.write(main, (draft.read(main) ?? "").replace(HEADS.jwt, HEADS.oauth(provider)));
  project.rewriteGenerated(["jwt", "api-key"], "oauth", provider);
  const isKnown = (name: string) => JSON.stringify(project.config.all["secrets"] ?? {}).includes(`"${name}"`);
  const isUsed = (name: string) => project.sources.some((path) => withoutTypes(project, path, name).includes(name));
  const remove = TOKEN_SECRETS.filter((name) => isKnown(name) && !isUsed(name));
  setSecrets(project, { add: new Map(secrets.map((secret) => [secret, ""])), remove });
  addObject(project, agent ?? "WicketObject");
  project.configure({ at: ["compatibility_flags"], add: ["enable_request_signal", "global_fetch_strictly_public"] });
  addDevelopment(project, main);
  if (project.manifest("scripts")["token"] === TOKEN_SCRIPT(name)) project.setManifest("scripts", "token", undefined);
  guardTests(project, {
    testing: ["signIn"],
    notTesting: ["tokens"],
    helper: `/** The access token of somebody who has signed in. */
async function token(): Promise<string> {
  const { accessToken } = await signIn(worker, { person: { name: "Ada", email: "ada@example.com" } });
  return accessToken;
}`,
  });
  for (const path of project.tests) dropUnusedEnv(project, path);
  draft.note(
    `Register an app at ${label} with the redirect URL https://YOUR-WORKER/callback, and store what it gives: ${secrets.map((secret) => `\`npx wrangler secret put ${secret}\``).join(", ")}.`,
  );
  draft.note(
    "Store a secret for the server's own keys: `openssl rand -base64 32 | npx wrangler secret put WICKET_SECRET`.",
  );
  draft.note(`${main}: say in \`allow\` who may sign in. ada@example.com is only in the development sign-in.`);
  draft.note(
    `${main}: \`props\` held the claims of the token, and now holds \`sub\`, \`name\`, \`email\` and \`picture\` of the person, or what \`context\` returns.`,
  );
  for (const name of remove) {
    draft.note(`When no client has a token or a key any more: \`npx wrangler secret delete ${name}\`.`);
  }
  draft.note(`Remove the Authorization header from the clients' configuration and keep the URL: ${atClients("")}`);
}

/** The secrets of the patterns before. */
const TOKEN_SECRETS = ["JWT_SECRET", "API_KEYS"];

/** Its text without the type of this binding. */
function withoutTypes(project: Project, path: string, name: string): string {
  const text = project.draft.read(path) ?? "";
  if (project.tests.includes(path) || /(^|\/)vitest\.config\.\w+$/.test(path)) return "";
  return text.replaceAll(new RegExp(`\\b${name}\\??\\s*:\\s*string\\b`, "g"), "");
}

function byHand(code: Code, what: string): Error {
  return new Error(
    `${code.path}: ${what}, so it cannot be replaced by this command. Nothing was changed. By hand: export default ` +
      `new OAuthProvider({…}), see ${REPOSITORY}docs/guides/from-tokens-to-sign-in.md.`,
  );
}

function replaceGuard(code: Code, project: Project, provider: ProviderName, agent: string | undefined): void {
  const { ts } = code;
  const { defaultExport: statement } = code;
  if (!statement) throw byHand(code, "there is no default export");
  const expression = code.bare(statement.expression);
  const found =
    ts.isCallExpression(expression) && code.textOf(expression.expression) === "protect"
      ? protectedBy(code, project, expression)
      : verifiedBy(code, project, expression);
  const { className, options } = HANDLERS[provider];
  const type = code.isTyped ? `<${project.envType(code)}>` : "";
  const routes = found.endpoints.map(({ text, path }) => `"${path}": ${text}`).join(", ");
  const members = [...found.options, `apiHandlers: { ${routes} },`];
  const object = agent === undefined && !/\bWicketObject\b/.test(code.text) ? `${OBJECT_EXPORT}\n\n` : "";
  const made = `${object}export default new OAuthProvider${type}({
  ${members.join("\n  ")}
  defaultHandler: new ${className}${type}({
    ${options}
    // Who may sign in. Ada is in the development sign-in only: replace her before you deploy.
    allow: { emails: ["ada@example.com"] },
  }),
});`;
  code.replace(statement, made);
  const gone = new Set<TypeScript.Node>([statement]);
  for (const name of found.verifiers) {
    const declaration = code.file.statements.find(
      (each) =>
        ts.isVariableStatement(each) &&
        each.declarationList.declarations.length === 1 &&
        each.declarationList.declarations[0]?.name.getText(code.file) === name,
    );
    if (!declaration || usesOutside(code, name, new Set([...gone, declaration])) > 0) continue;
    code.remove(declaration);
    gone.add(declaration);
  }
  const without = ["JWTVerifier", "APIKeyVerifier", "protect"].filter((name) => usesOutside(code, name, gone) === 0);
  withImport(code, OURS, "mcp-wicket/oauth", [className, "OAuthProvider"], without);
  const workers = code.imports.find((each) => code.moduleOf(each) === "cloudflare:workers");
  if (workers && /^import\s*\{\s*env\s*\}/.test(code.textOf(workers)) && usesOutside(code, "env", gone) === 0)
    code.remove(workers);
}

/** Uses as a value that are not in `gone`. */
function usesOutside(code: Code, name: string, gone: ReadonlySet<TypeScript.Node>): number {
  const { ts } = code;
  return code.all(ts.isIdentifier).filter((each) => {
    if (each.text !== name) return false;
    const holder = ts.findAncestor(each, (node) => gone.has(node) || ts.isImportDeclaration(node));
    const isMember = ts.isPropertyAccessExpression(each.parent) && each.parent.name === each;
    return holder === undefined && !isMember && !ts.isParameter(each.parent);
  }).length;
}

interface Found {
  endpoints: readonly Endpoint[];
  /** Properties of `OAuthProvider`, as lines. */
  options: readonly string[];
  /** The names of the verifiers that are not needed any more. */
  verifiers: readonly string[];
}

/** Options of `protect` that `OAuthProvider` has under the same name. */
const SAME = ["name", "requiredScopes", "impliedScopes", "rateLimiter", "callbackTimeout"];

function protectedBy(code: Code, project: Project, { arguments: args }: TypeScript.CallExpression): Found {
  const { ts } = code;
  const [verifier, given, options] = args;
  const list = given && ts.isArrayLiteralExpression(given) ? [...given.elements] : given ? [given] : [];
  const endpoints = list.map((each) => endpointIn(code, each)).filter((each) => each !== undefined);
  if (endpoints.length === 0 || endpoints.length < list.length)
    throw byHand(code, "an endpoint of `protect` is not written as such");
  if (!options)
    return { endpoints, options: [`name: "${project.name}",`], verifiers: verifier ? [code.textOf(verifier)] : [] };
  if (!ts.isObjectLiteralExpression(options))
    throw byHand(code, "the options of `protect` are not written as an object");
  const lines: string[] = [];
  for (const each of options.properties) {
    const name = each.name?.getText(code.file) ?? code.textOf(each);
    const value = propertyOf(code, options, name);
    if (name === "scopesSupported" && value) lines.push(`scopes: ${code.textOf(value)},`);
    else if (SAME.includes(name)) lines.push(`${code.textOf(each)},`);
    else
      code.note(
        each,
        `the option \`${name}\` of \`protect\` was left out. See the options of OAuthProvider, and \`fetch\` of its handler for other paths.`,
      );
  }
  return { endpoints, options: lines, verifiers: verifier ? [code.textOf(verifier)] : [] };
}

/** A handler that verifies the token itself, and then hands the request over. */
function verifiedBy(code: Code, project: Project, expression: TypeScript.Expression): Found {
  const { ts } = code;
  const calls = code.all(ts.isCallExpression, expression).map((call) => code.bare(call.expression));
  const verified = calls.flatMap((callee) =>
    ts.isPropertyAccessExpression(callee) && callee.name.text === "verify" ? [code.textOf(callee.expression)] : [],
  );
  const endpoints = handovers(code, expression).map(({ endpoint }) => endpoint);
  if (
    !ts.isObjectLiteralExpression(expression) ||
    expression.properties.length > 1 ||
    verified.length === 0 ||
    endpoints.length === 0
  ) {
    throw byHand(code, "the default export is neither `protect(…)` nor an object whose `fetch` verifies a token");
  }
  code.note(expression, `OAuthProvider replaces this \`fetch\`. What else it did belongs to \`fetch\` of the handler.`);
  const unique = endpoints.filter(({ path }, index) => endpoints.findIndex((other) => other.path === path) === index);
  return { endpoints: unique, options: [`name: "${project.name}",`], verifiers: [...new Set(verified)] };
}

/** The class in which sign-ins and grants are stored. */
function addObject(project: Project, name: string): void {
  const { configured: all } = project;
  const migrations = (all["migrations"] ?? []) as { tag?: string; new_sqlite_classes?: string[] }[];
  if (!migrations.some((step) => step.new_sqlite_classes?.includes(name))) {
    const tags = migrations.map(({ tag }) => tag);
    let number = migrations.length + 1;
    while (tags.includes(`v${String(number)}`)) number++;
    project.configure({ at: ["migrations"], append: { tag: `v${String(number)}`, new_sqlite_classes: [name] } });
  }
  const { bindings = [] } = (all["durable_objects"] ?? {}) as { bindings?: { name: string; class_name: string }[] };
  if (bindings.some(({ class_name: bound }) => bound === name)) return;
  const binding = bindings.some(({ name }) => name === "MCP_OBJECT") ? "WICKET_OBJECT" : "MCP_OBJECT";
  project.configure({ at: ["durable_objects", "bindings"], append: { name: binding, class_name: name } });
  setTypes(project, [`${binding}: DurableObjectNamespace;`]);
}

/** The stand-in for the provider, where the project has none and is run by Wrangler alone. */
function addDevelopment(project: Project, main: string): void {
  if (main !== "src/index.ts" || project.manifest("scripts")["dev"] !== "wrangler dev") {
    project.draft.note(
      `For sign-in without an account on your computer, add \`src/development.ts\`: ${REPOSITORY}docs/guides/sign-in.md, “In your own project”.`,
    );
    return;
  }
  if (project.draft.read("src/development.ts") === undefined) project.draft.write("src/development.ts", DEVELOPMENT);
  project.setManifest("scripts", "dev", DEVELOPMENT_SCRIPT);
}

function dropUnusedEnv(project: Project, path: string): void {
  project.edit(path, (code) => {
    const workers = code.imports.find((each) => code.moduleOf(each) === "cloudflare:workers");
    if (workers && /^import\s*\{\s*env\s*\}/.test(code.textOf(workers)) && code.uses("env") === 0) code.remove(workers);
  });
}

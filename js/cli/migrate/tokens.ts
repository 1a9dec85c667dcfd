/** From no authentication to token validation, as docs/guides/from-no-auth-to-token-validation.md describes it. */
import { REPOSITORY } from "../doctor/findings.js";
import { keys } from "../keys.js";
import { HEADS } from "../../create/worker.js";
import { TOKEN_SCRIPT } from "../../create/project.js";
import { type Code, withImport } from "./code.js";
import { exportedBy } from "./endpoints.js";
import type { Project } from "./project.js";
import { setSecrets } from "./secrets.js";
import { atClients, guardTests } from "./tests.js";

const OURS = /^mcp-wicket$/;

export async function toTokens(project: Project): Promise<void> {
  const { main, name, draft } = project;
  for (const path of project.sources) {
    if (path !== main) project.edit(path, (code) => withEntry(code, OURS, "mcp-wicket/jwt"));
  }
  project.edit(main, (code) => guard(code, name));
  draft.write(main, (draft.read(main) ?? "").replace(HEADS.none, HEADS.jwt));
  project.rewriteGenerated(["none"], "jwt", "github");
  setSecrets(project, { add: new Map([["JWT_SECRET", await keys({})]]) });
  if (project.manifest("scripts")["token"] === undefined) project.setManifest("scripts", "token", TOKEN_SCRIPT(name));
  guardTests(project, {
    from: "cloudflare:workers",
    imports: ["env"],
    testing: ["tokens"],
    helper: `/** The token of somebody who may call the server. */
async function token(): Promise<string> {
  const issuer = await tokens.issuer({ issuer: "${name}", audience: "${name}", secret: env.JWT_SECRET });
  return issuer.sign({ sub: "ada" });
}`,
  });
  draft.note(
    `Store the secret of the deployed Worker: \`npx mcp-wicket keys\` makes one, and \`npx wrangler secret put JWT_SECRET\` asks for it.`,
  );
  draft.note(`Issue tokens with the issuer and the audience "${name}": \`npm run token\` makes one to try it out.`);
  draft.note(`Give the clients their token: ${atClients('--header "Authorization: Bearer TOKEN"')}`);
  draft.note("The claims of the token are `this.props` of an agent, and `props` of a factory: use them in your tools.");
}

/** Imports of another entry point of this package. */
export function withEntry(code: Code, from: RegExp, entry: string): void {
  const { ts } = code;
  for (const each of code.file.statements) {
    if (!ts.isImportDeclaration(each) && !ts.isExportDeclaration(each)) continue;
    const { moduleSpecifier } = each;
    if (!moduleSpecifier || !from.test(code.moduleOf({ moduleSpecifier }))) continue;
    code.replace(moduleSpecifier, JSON.stringify(entry));
  }
}

function guard(code: Code, name: string): void {
  const exported = exportedBy(code);
  if (!exported) {
    throw new Error(
      `${code.path}: the default export is not an endpoint, or an object with \`fetch\` that calls one, so it cannot be guarded ` +
        "by this command. Nothing was changed. By hand: export default protect(verifier, ENDPOINT), see " +
        `${REPOSITORY}docs/guides/from-no-auth-to-token-validation.md.`,
    );
  }
  const { statement } = exported;
  const endpoints =
    exported.kind === "endpoint" ? [exported.endpoint] : exported.handovers.map(({ endpoint }) => endpoint);
  const texts = [...new Set(endpoints.map(({ text }) => text))];
  const [first = ""] = texts;
  const guarded = `protect(verifier, ${texts.length > 1 ? `[${texts.join(", ")}]` : first}, { name: "${name}" })`;
  const verifier = `const verifier = new JWTVerifier({
  // Tokens of another issuer: leave \`secret\` out, and set \`issuer\` to its URL.
  secret: env.JWT_SECRET,
  issuer: "${name}",
  audience: "${name}",
});
`;
  const isWhole = exported.kind === "endpoint" || exported.isPlain;
  if (isWhole) {
    code.replace(statement, `${verifier}\nexport default ${guarded};`);
  } else {
    code.insert(statement.getStart(code.file), `${verifier}const guarded = ${guarded};\n\n`);
    for (const { call } of exported.handovers) {
      code.replace(call, `guarded.fetch(${call.arguments.map((each) => code.textOf(each)).join(", ")})`);
    }
  }
  const isUnused =
    isWhole &&
    code.all(code.ts.isIdentifier, statement).filter((each) => each.text === "startPage").length ===
      code.uses("startPage");
  withImport(code, OURS, "mcp-wicket/jwt", ["JWTVerifier", "protect"], isUnused ? ["startPage"] : []);
  const hasEnv = code.imports.some(
    (each) => code.moduleOf(each) === "cloudflare:workers" && /\benv\b/.test(code.textOf(each)),
  );
  if (!hasEnv) {
    const [before] = code.imports;
    code.insert(before?.getStart(code.file) ?? 0, `import { env } from "cloudflare:workers";\n`);
  }
}

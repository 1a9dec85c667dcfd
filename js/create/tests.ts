/** The test of a new project, and vitest's configuration. */
import type { Choices } from "./choices.js";
import { secretsOf } from "./worker.js";

/** Values of the secrets that are for tests only. */
export const VALUES: Readonly<Record<string, string>> = {
  JWT_SECRET: "for tests only, and known to everybody",
  AZURE_TENANT_ID: "00000000-0000-0000-0000-000000000001",
  OIDC_ISSUER: "https://login.example.com",
};

export function vitestConfig(choices: Choices): string {
  const isKeys = choices.pattern === "api-key";
  const bindings = secretsOf(choices).map((name) =>
    isKeys ? `${name}: JSON.stringify([record]), TEST_KEY: key` : `${name}: "${VALUES[name] ?? "test"}"`,
  );
  const miniflare = bindings.length > 0 ? `\n      miniflare: { bindings: { ${bindings.join(", ")} } },` : "";
  return `/** The tests run where the Worker runs: in workerd. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
${isKeys ? `import { tokens } from "mcp-wicket/testing";\n` : ""}import { defineConfig } from "vitest/config";
${isKeys ? `\nconst { key, record } = await tokens.apiKey({ name: "ada" });\n` : ""}
export default defineConfig({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.jsonc" },${miniflare}
    }),
  ],
});
`;
}

/** The test of a new project; without `hasWho`, of one whose server does not have the tool that tells who is calling. */
export function testSource(choices: Choices, hasWho = true): string {
  const { pattern, transport } = choices;
  const named = { none: [], jwt: ["tokens"], "api-key": [], oauth: ["signIn"] }[pattern];
  const imports = [
    pattern === "jwt" || pattern === "api-key" ? `import { env } from "cloudflare:workers";` : undefined,
    `import { ${["connect", ...named, "textOf"].sort().join(", ")} } from "mcp-wicket/testing";`,
    `import { expect, test } from "vitest";`,
    `import worker from "../src/index";`,
  ];
  const tests = [
    connecting(choices),
    test("adds", `expect(textOf(await client.callTool("add", { a: 40, b: 2 }))).toBe("42");`),
    ...(pattern === "none" ? [] : [...(hasWho ? [test("knows who is calling", WHO[pattern])] : []), REFUSED]),
    ...(transport === "session" ? [test("counts the calls of a session", COUNTS, `{ revision: "2025-11-25" }`)] : []),
  ];
  return `${imports.filter(Boolean).join("\n")}\n\n${tests.join("\n\n")}\n`;
}

const WHO = {
  jwt: `expect(textOf(await client.callTool("whoami"))).toBe("ada");`,
  "api-key": `expect(textOf(await client.callTool("whoami"))).toBe("ada");`,
  oauth: `expect(textOf(await client.callTool("whoami"))).toBe("Ada");`,
};

const COUNTS = `await client.callTool("count");
  expect(textOf(await client.callTool("count"))).toBe("2");`;

const REFUSED = `test("refuses who is nobody", async () => {
  await expect(connect(worker)).rejects.toMatchObject({ status: 401 });
});`;

function test(what: string, body: string, options = ""): string {
  return `test("${what}", async () => {
  const client = await connected(${options});
  ${body}
});`;
}

/** A client that may call the server. */
function connecting({ name, pattern, transport }: Choices): string {
  const token = {
    none: "",
    jwt: `  const issuer = await tokens.issuer({ issuer: "${name}", audience: "${name}", secret: env.JWT_SECRET });
  const token = await issuer.sign({ sub: "ada" });
`,
    "api-key": `  const { TEST_KEY: token } = env as unknown as { TEST_KEY: string };
`,
    oauth: `  const { accessToken: token } = await signIn(worker, { person: { name: "Ada", email: "ada@example.com" } });
`,
  }[pattern];
  const given = pattern === "none" ? [] : ["token"];
  const [parameter, options] = transport === "session" ? [REVISION, [...given, "...options"]] : ["", given];
  const passed = options.length > 0 ? `, { ${options.join(", ")} }` : "";
  return `async function connected(${parameter}) {
${token}  return connect(worker${passed});
}`;
}

/** Sessions are those of the revisions before 2026-07-28. */
const REVISION = `options: { revision?: "2025-11-25" } = {}`;

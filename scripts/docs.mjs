// `npm run docs`: the documentation as a site, in build/docs, with the API reference and llms.txt.
// `npm run docs -- --dev` serves it and shows changes as they are made.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { build } from "./build.mjs";
import { filesUnder } from "./lib/inputs.mjs";
import { at, npmBin, toolEnv } from "./lib/paths.mjs";
import { Failure, runAsScript, step } from "./lib/step.mjs";

const SITE = "build/docs";

/** Builds the site. Fails if a link of a page leads nowhere, or if a page is not in the sidebar. */
export async function buildDocs() {
  await buildReference();
  checkSidebar();
  rmSync(at(SITE), { recursive: true, force: true });
  await step("Building the site", npmBin("node"), [at("node_modules/vitepress/bin/vitepress.js"), "build", "docs"]);
  writeFileSync(at(SITE, "llms.txt"), llms());
}

/** The API reference from the docstrings of the entry points. */
async function buildReference() {
  await build({ only: [] });
  const entries = ["oauth", "testing", "development", "json-schema"].map((name) => at("js", "entry", `${name}.ts`));
  await step("Writing the API reference", npmBin("node"), [
    at("node_modules/typedoc/bin/typedoc"),
    ...["--options", at("docs/.vitepress/typedoc.json")],
    ...["--tsconfig", at("tsconfig.json"), "--out", at("docs/api")],
    ...entries,
  ]);
}

/** A page that nobody finds is a page that nobody reads. */
function checkSidebar() {
  const config = readFileSync(at("docs/.vitepress/config.mjs"), "utf8");
  const pages = filesUnder("docs").filter((file) => /^docs\/(guides\/)?[\w-]+\.md$/.test(file));
  const names = pages.map((file) => file.replace(/^docs\/(guides\/)?/, "").replace(".md", ""));
  const missing = names.filter((name) => name !== "index" && !config.includes(`"${name}"`));
  if (missing.length > 0) throw new Failure(`docs/.vitepress/config.mjs does not list ${missing.join(", ")}.`);
}

/** The pages for language models (llmstxt.org): title, link and first sentence of each. */
function llms() {
  const { description, homepage } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  const source = `${homepage.replace(/#.*/, "")}/blob/main`;
  const lines = (folder) =>
    readdirSync(at(folder))
      .filter((file) => file.endsWith(".md") && file !== "index.md")
      .sort()
      .map((file) => line(readFileSync(at(folder, file), "utf8"), `${source}/${folder}/${file}`));
  const sections = { Guides: "docs/guides", Reference: "docs", Decisions: "docs/decisions" };
  const parts = Object.entries(sections).map(([name, folder]) => `## ${name}\n\n${lines(folder).join("\n")}\n`);
  return `# mcp-wicket\n\n> ${description}\n\n${parts.join("\n")}`;
}

function line(text, url) {
  const [, title] = /^# (.*)$/m.exec(text) ?? [];
  const paragraph = text.split("\n\n").find((part) => /^(?!```)[A-Z`*]/.test(part)) ?? "";
  const [sentence] = paragraph.replaceAll("\n", " ").split(/(?<=\.) /);
  return `- [${title}](${url}): ${sentence}`;
}

await runAsScript(import.meta.url, async () => {
  if (!process.argv.includes("--dev")) {
    await buildDocs();
    console.log(`The site is in ${SITE}.`);
    return;
  }
  if (!existsSync(at("docs/api"))) await buildReference();
  mkdirSync(at(SITE), { recursive: true });
  const vitepress = [at("node_modules/vitepress/bin/vitepress.js"), "dev", "docs"];
  spawn(npmBin("node"), vitepress, { cwd: at(""), env: toolEnv, stdio: "inherit" });
});

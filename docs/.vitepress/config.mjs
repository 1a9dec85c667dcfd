/**
 * The documentation as a site: `npm run docs`. The pages are those that the repository shows; links to files outside
 * `docs/` lead to the repository.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { defineConfig } from "vitepress";

const docs = resolve(import.meta.dirname, "..");
const { homepage, description } = JSON.parse(readFileSync(join(docs, "..", "package.json"), "utf8"));
const repository = homepage.replace(/#.*/, "");

/** The title of a page: its first heading. */
const titleOf = (page) =>
  /^# (.*)$/m.exec(readFileSync(join(docs, `${page}.md`), "utf8"))?.[1]?.replaceAll("`", "") ?? page;
const items = (...pages) => pages.map((page) => ({ text: titleOf(page), link: `/${page}` }));
const guides = (...names) => items(...names.map((name) => `guides/${name}`));

/** In their order, which is that of their numbers. */
const DECISIONS = readdirSync(join(docs, "decisions"))
  .sort()
  .map((file) => `decisions/${file.replace(".md", "")}`);

/** A link of a page of `docs/`, for the site. */
function linkFrom(page, link) {
  if (/^([a-z]+:|#)/.test(link)) return link;
  const [path = "", hash = ""] = link.split(/(?=#)/);
  const target = posix.join(dirname(page), path);
  if (!target.startsWith("..")) return link;
  const file = relative(join(docs, ".."), resolve(docs, target));
  if (!existsSync(resolve(docs, target))) throw new Error(`docs/${page} links to ${file}, which does not exist.`);
  return `${repository}/blob/main/${file}${hash}`;
}

export default defineConfig({
  title: "mcp-wicket",
  description,
  lang: "en",
  cleanUrls: true,
  ignoreDeadLinks: "localhostLinks",
  lastUpdated: false,
  outDir: "../build/docs",
  cacheDir: "../build/.vitepress",
  head: [["meta", { name: "color-scheme", content: "light dark" }]],
  markdown: {
    config(md) {
      const previous = md.renderer.rules.link_open;
      md.renderer.rules.link_open = (tokens, index, options, env, self) => {
        const token = tokens[index];
        const href = token?.attrGet("href");
        if (token && href != null) token.attrSet("href", linkFrom(env.relativePath, href));
        return previous ? previous(tokens, index, options, env, self) : self.renderToken(tokens, index, options);
      };
    },
  },
  themeConfig: {
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: repository }],
    nav: [
      { text: "Guides", link: "/guides/start" },
      { text: "API", link: "/api/" },
      { text: "Security", link: "/security-tests" },
    ],
    sidebar: [
      { text: "Start", items: guides("start", "handlers", "testing", "deploy", "bundlers") },
      { text: "Who may call", items: guides("token-validation", "api-keys", "sign-in", "own-pages", "refusals") },
      {
        text: "Move a server",
        items: guides("from-agents", "from-no-auth-to-token-validation", "from-tokens-to-sign-in"),
      },
      { text: "Check", items: [...guides("doctor"), ...items("clients", "interop", "pages")] },
      {
        text: "Operate",
        items: [
          ...guides("operator", "observability", "several-servers"),
          ...items("limits", "scale", "storage", "faults", "speed"),
        ],
      },
      { text: "Evidence", items: items("security-tests", "protocol-tests", "mutants") },
      { text: "API", items: [{ text: "Reference", link: "/api/" }] },
      { text: "Decisions", collapsed: true, items: items(...DECISIONS) },
    ],
  },
});

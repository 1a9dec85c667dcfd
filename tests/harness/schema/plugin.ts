/** Gives `virtual:mcp-schema` to tests that run in workerd, where Ajv cannot compile: its checks, compiled beforehand. */
import { build } from "esbuild";
import type { Plugin } from "vite";
import { root } from "../paths.ts";
import { schemaOf, sourceOf } from "./ajv.ts";
import { REVISIONS, definitionsOf } from "./definitions.ts";

const NAME = "virtual:mcp-schema";

/** The module: for each revision its definitions and a function for each. */
async function moduleText(): Promise<string> {
  const files = REVISIONS.map((revision, at) => ({ path: `revision-${at}`, revision }));
  const contents = [
    ...files.map(({ path }, at) => `import * as checks${at} from "${path}";`),
    `export const revisions = {${files.map(({ revision }, at) => `"${revision}": checks${at}`).join()}};`,
    `export const lists = ${JSON.stringify(Object.fromEntries(REVISIONS.map((it) => [it, lists(it)])))};`,
  ].join("\n");
  const bundled = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    plugins: [
      {
        name: "compiled",
        setup(building) {
          building.onResolve({ filter: /^revision-\d$/ }, ({ path }) => ({ path, namespace: "compiled" }));
          building.onLoad({ filter: /.*/, namespace: "compiled" }, ({ path }) => {
            const revision = files.find((file) => file.path === path)?.revision;
            return revision && { contents: sourceOf(revision), resolveDir: root };
          });
        },
      },
    ],
  });
  return bundled.outputFiles[0]?.text ?? "";
}

/** The definitions as JSON has them. */
function lists(revision: (typeof REVISIONS)[number]): object {
  const { results, notifications, requests, errors, ...names } = definitionsOf(schemaOf(revision));
  const lists = { results: [...results], notifications: [...notifications], requests: [...requests] };
  return { ...names, ...lists, errors: [...errors] };
}

export function schemaPlugin(): Plugin {
  let made: Promise<string> | undefined;
  return {
    name: "mcp-schema",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? (made ??= moduleText()) : undefined),
  };
}

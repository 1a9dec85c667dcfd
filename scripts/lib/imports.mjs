/** What the files of this repository may import. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filesUnder } from "./inputs.mjs";
import { at } from "./paths.mjs";
import { Failure } from "./step.mjs";

/** What runs on a fresh clone, before the set-up has installed anything. */
const BEFORE_SETUP = ["setup", "build", "start", "serve", "test"].map((name) => `scripts/${name}.mjs`);

/**
 * No file of `js/` imports itself by way of others. Imports of types count as well: they say what belongs together.
 * Throws a {@link Failure} that shows the shortest way round of each circle.
 */
export async function checkCircles() {
  const files = filesUnder("js").filter((file) => file.endsWith(".ts"));
  const importsOf = await importReader();
  const inside = (file) => importsOf(file).map((name) => join(dirname(file), name).replace(/\.js$/, ".ts"));
  const imports = new Map(files.map((file) => [file, inside(file).filter((other) => files.includes(other))]));
  const circles = new Map();
  for (const file of files) {
    const circle = wayBack(file, imports);
    if (circle) circles.set([...circle].sort().join(), circle);
  }
  if (circles.size === 0) return;
  const shown = [...circles.values()].map((circle) => [...circle, circle[0]].join(" → "));
  throw new Failure(`Files import each other: move what they share.\n  ${shown.join("\n  ")}`);
}

/** What runs on a fresh clone imports packages only when it needs them, with `await import`. */
export async function checkFreshClone() {
  const importsOf = await importReader();
  const files = [...BEFORE_SETUP];
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (!/^(node:|\.)/.test(name)) {
        throw new Failure(
          `${file} imports "${name}", which a fresh clone does not have: use \`await import("${name}")\`.`,
        );
      }
      const other = join(dirname(file), name);
      if (name.startsWith(".") && !files.includes(other)) files.push(other);
    }
  }
}

/** What a file imports with `import … from` or `export … from`, as written. */
export async function importReader() {
  const { default: ts } = await import("typescript");
  const isStatic = (node) => ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
  return (file) => {
    const { statements } = ts.createSourceFile(file, readFileSync(at(file), "utf8"), ts.ScriptTarget.Latest);
    return statements.filter(isStatic).flatMap(({ moduleSpecifier }) => moduleSpecifier?.text ?? []);
  };
}

/** The shortest way along imports that leads from a file to itself, if there is one. */
function wayBack(file, imports) {
  const ways = [[file]];
  const seen = new Set();
  for (const way of ways) {
    for (const next of imports.get(way.at(-1))) {
      if (next === file) return way;
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

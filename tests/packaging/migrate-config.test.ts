/** What `mcp-wicket migrate` does to configurations as people write them: comments stay, and what it cannot change it says. */
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { type Change, changedConfig } from "../../dist/cli/migrate/config.js";
import { EXPORTS } from "../../dist/cli/migrate/names.js";
import { at } from "../harness/paths.ts";

const FLAG: Change = { at: ["compatibility_flags"], add: ["new"] };
const SECRET: Change = { at: ["secrets", "required"], add: ["ONE", "TWO"], remove: ["OLD"] };
const STEP: Change = { at: ["migrations"], append: { tag: "v2", new_sqlite_classes: ["Agent"] } };
const BINDING: Change = { at: ["durable_objects", "bindings"], append: { name: "A", class_name: "Agent" } };

describe("wrangler.jsonc", () => {
  const file = "wrangler.jsonc";

  test("members and elements are added in the layout of the file, and comments stay", () => {
    const before = `{
  // Its name.
  "name": "x", /* here */
  "compatibility_flags": [
    "old", // why
  ],
  "secrets": { "required": ["OLD", "ONE"] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Other"] }],
}
`;
    expect(changedConfig(ts, file, before, [FLAG, SECRET, STEP, BINDING])).toBe(`{
  // Its name.
  "name": "x", /* here */
  "compatibility_flags": [
    "old",
    "new", // why
  ],
  "secrets": { "required": ["ONE", "TWO"] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Other"] }, { "tag": "v2", "new_sqlite_classes": ["Agent"] }],
  "durable_objects": { "bindings": [{ "name": "A", "class_name": "Agent" }] },
}
`);
  });

  test.each([
    ["{}", '{ "compatibility_flags": ["new"] }'],
    ['{"name":"x"}', '{"name":"x", "compatibility_flags": ["new"]}'],
    ['{"compatibility_flags":[]}', '{"compatibility_flags":["new"]}'],
    ['{"compatibility_flags":["old"]}', '{"compatibility_flags":["old", "new"]}'],
    ['{"compatibility_flags":["new"]}', '{"compatibility_flags":["new"]}'],
  ])("%s", (before, after) => {
    const made = changedConfig(ts, file, before, [FLAG]);
    expect(made.replaceAll(/\s+/g, "")).toBe(after.replaceAll(/\s+/g, ""));
    expect(changedConfig(ts, file, made, [FLAG])).toBe(made);
  });

  test("what only looks like a list is not touched", () => {
    expect(() => changedConfig(ts, file, '{ "secrets": { "required": "OLD" } }', [SECRET])).toThrow();
    expect(() => changedConfig(ts, file, '{ "secrets": [] }', [SECRET])).toThrow();
  });
});

describe("wrangler.toml", () => {
  const file = "wrangler.toml";

  test("keys go where they belong, and comments stay", () => {
    const before = `# Its name.
name = "x"
compatibility_flags = ["old"] # why

[secrets] # all of them
required = [
  "OLD",
  "ONE",
]

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Other"]
`;
    expect(changedConfig(ts, file, before, [FLAG, SECRET, STEP, BINDING])).toBe(`# Its name.
name = "x"
compatibility_flags = ["old", "new"] # why

[secrets] # all of them
required = ["ONE", "TWO"]

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Other"]

[[migrations]]
tag = "v2"
new_sqlite_classes = ["Agent"]

[[durable_objects.bindings]]
name = "A"
class_name = "Agent"
`);
  });

  test("where there is nothing yet", () => {
    const before = `name = "x"\n\n[vars]\nA = "1"\n`;
    expect(changedConfig(ts, file, before, [FLAG, SECRET])).toBe(
      `name = "x"\ncompatibility_flags = ["new"]\n\n[vars]\nA = "1"\n\n[secrets]\nrequired = ["ONE", "TWO"]\n`,
    );
    expect(changedConfig(ts, file, "", [FLAG])).toBe(`compatibility_flags = ["new"]\n`);
  });

  test("what cannot be changed safely is said, with what to write", () => {
    const inline = `name = "x"\ndurable_objects = { bindings = [] }\n`;
    expect(() => changedConfig(ts, file, inline, [BINDING])).toThrow(
      'wrangler.toml: durable_objects.bindings is written in a way that cannot be changed safely. Make `durable_objects` { "bindings": [ { "name": "A", "class_name": "Agent" } ] }',
    );
    for (const odd of [`[ "a]b" ]`, `[\n  "old", # why\n]`]) {
      expect(() => changedConfig(ts, file, `compatibility_flags = ${odd}\n`, [FLAG])).toThrow(
        "cannot be changed safely",
      );
    }
  });
});

test("each name of the table of imports is exported by its entry point", () => {
  const files = { "mcp-wicket": "index", "mcp-wicket/jwt": "jwt", "mcp-wicket/oauth": "oauth" };
  const paths = Object.values(files).map((name) => at(`dist/entry/${name}.d.ts`));
  const program = ts.createProgram(paths, {
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    module: ts.ModuleKind.ESNext,
  });
  const checker = program.getTypeChecker();
  for (const [entry, name] of Object.entries(files)) {
    const source = program.getSourceFile(at(`dist/entry/${name}.d.ts`));
    const symbol = source && checker.getSymbolAtLocation(source);
    if (!symbol) throw new Error(`${name} is no module`);
    const exported = checker.getExportsOfModule(symbol).map((each) => each.name);
    expect(exported).toEqual(expect.arrayContaining([...EXPORTS[entry as keyof typeof EXPORTS]]));
  }
});

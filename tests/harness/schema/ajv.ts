/** The oracles of each revision, compiled by Ajv. Runs in Node. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import addFormats from "ajv-formats";
import { at } from "../paths.ts";
import { type Definitions, type Revision, type Schema, definitionsOf, insideOf, namesOf } from "./definitions.ts";
import type { Oracle } from "./faults.ts";

interface Compiler {
  ajv: Ajv | Ajv2020;
  definitions: Definitions;
  /** Where a definition is. */
  pointer: (name: string) => string;
}

export function schemaOf(revision: Revision): Schema {
  return JSON.parse(readFileSync(at("tests/vectors/mcp-schema", revision, "schema.json"), "utf8")) as Schema;
}

function compiler(revision: Revision, code: { source: boolean; esm: boolean }): Compiler {
  const schema = schemaOf(revision);
  const { member } = insideOf(schema);
  const options = { strict: false, code };
  const ajv = member === "$defs" ? new Ajv2020(options) : new Ajv(options);
  addFormats(ajv);
  ajv.addSchema(schema, "mcp");
  return { ajv, definitions: definitionsOf(schema), pointer: (name) => `mcp#/${member}/${name}` };
}

const made = new Map<Revision, Oracle>();

/** The oracle of `revision`; definitions are compiled when first used. */
export function oracle(revision: Revision): Oracle {
  const known = made.get(revision);
  if (known) return known;
  const { ajv, definitions, pointer } = compiler(revision, { source: false, esm: false });
  const check = (definition: string, value: unknown) => {
    const validate = ajv.getSchema(pointer(definition));
    if (!validate) throw new Error(`${revision} has no definition ${definition}`);
    return validate(value) === true ? undefined : ajv.errorsText(validate.errors, { dataVar: "" });
  };
  made.set(revision, { definitions, check });
  return { definitions, check };
}

/** The source of a module that exports a function for each definition that judges what a server sends. */
export function sourceOf(revision: Revision): string {
  const { ajv, definitions, pointer } = compiler(revision, { source: true, esm: true });
  const exported = namesOf(definitions).map((name): [string, string] => [name, pointer(name)]);
  return standaloneCode(ajv, Object.fromEntries(exported));
}

/** What is missing where no Durable Object can be found, and the lines to add. */
import { WicketError } from "../errors.js";
import { type Exported, type Sought, isNamespace } from "./find.js";

/**
 * No namespace is there: `hasBindings` where some are bound, `mine` the Worker's exports where it has them by its date or a
 * flag, `directory` its exports in any case.
 */
export function noNamespace(
  { classes, named }: Sought,
  hasBindings: boolean,
  mine: Exported | undefined,
  directory: Exported,
): WicketError {
  const namesClass = named && named.name in directory;
  const name = namesClass ? named.name : (classes.find((name) => name in directory) ?? classes.at(-1) ?? WICKET_OBJECT);
  const isExported = name in directory;
  const hasObjects = isExported && isNamespace(directory[name]);
  // Without exports in the context objects are found by bindings; an option can name one on any date.
  const binding = namesClass || !named ? (mine ? undefined : usualBinding(name)) : named.name;
  return new WicketError(
    "ERR_NO_OBJECT",
    [
      named
        ? `There is no Durable Object "${named.name}", which the option "${named.option}" names: it takes the name of a ` +
          "binding, or of a class that the Worker's main file exports."
        : "This needs a Durable Object, and there is none.",
      isExported && `The class ${name} is exported${hasObjects ? ", and has its migration" : ""}.`,
      !isExported && `Your Worker's main file must have\n\n${exportOf(name)}`,
      `Add to wrangler.toml\n\n${toml(name, binding, !hasObjects)}\n\n` +
        `or to wrangler.jsonc\n\n${jsonc(name, binding, !hasObjects)}`,
      !hasObjects && "(A migration that comes after others needs a tag of its own.)",
      !mine &&
        "From compatibility_date 2025-11-17 on, or with the compatibility flag enable_ctx_exports, no binding is needed.",
      hasBindings &&
        named &&
        `No binding of a Durable Object has the name "${named.name}"; the log has those that there are.`,
      hasBindings &&
        !named &&
        "What is bound is not of this class, or of another Worker. If one of the bindings is meant, name it by the option " +
          '"objects".',
    ]
      .filter(Boolean)
      .join("\n\n"),
  );
}

const WICKET_OBJECT = "WicketObject";

const usualBinding = (name: string) => (name === WICKET_OBJECT ? "WICKET_OBJECT" : "MCP_OBJECT");

const exportOf = (name: string) =>
  name === WICKET_OBJECT ? 'export { WicketObject } from "mcp-wicket";' : `export class ${name} extends McpAgent …`;

/** The lines of wrangler.toml that give a class its objects. */
function toml(name: string, binding: string | undefined, migrates: boolean): string {
  const bound = binding !== undefined && `[[durable_objects.bindings]]\nname = "${binding}"\nclass_name = "${name}"`;
  const migrated = migrates && `[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["${name}"]`;
  return [bound, migrated].filter(Boolean).join("\n\n");
}

/** The same for wrangler.jsonc. */
function jsonc(name: string, binding: string | undefined, migrates: boolean): string {
  const bound =
    binding !== undefined && `"durable_objects": { "bindings": [{ "name": "${binding}", "class_name": "${name}" }] }`;
  const migrated = migrates && `"migrations": [{ "tag": "v1", "new_sqlite_classes": ["${name}"] }]`;
  return [bound, migrated].filter(Boolean).join(",\n");
}

/** More than one will do, and they are not the same: of a class `className`, or of any of ours. */
export function several(names: readonly string[], className?: string): WicketError {
  const listed = names.join(", ");
  const [said, options] = className
    ? [
        `Several bindings have objects of a class ${className}, and not the same ones: ${listed}.`,
        '"objects" (where agents live: "binding")',
      ]
    : [`Several Durable Objects could keep what this needs, and it has to be always the same: ${listed}.`, '"objects"'];
  return new WicketError(
    "ERR_NO_OBJECT",
    `${said} Say which by the option ${options}, as in objects: "${names[0] ?? ""}".`,
  );
}

/** Nobody can tell whether these objects are meant. */
export function unanswered(name: string, cause: unknown): WicketError {
  return new WicketError(
    "ERR_NO_OBJECT",
    `The Durable Objects ${name} do not answer, so that it cannot be told whether they are the ones to use. ` +
      `Name those by the option "objects" (where agents live: "binding").`,
    { cause },
  );
}

/** The objects are of a class that is not ours. */
export function notOurs(cause: unknown): WicketError {
  return new WicketError(
    "ERR_NO_OBJECT",
    'The Durable Objects that the option "objects" names are of a class that is neither WicketObject nor an McpAgent of ' +
      "mcp-wicket. Name another binding or class, or leave the option out. (On a compatibility date before 2024-04-03 " +
      'the flag "rpc" is missing.)\n',
    { cause },
  );
}

/** The class keeps its things in no SQLite. */
export function notSqlite(name: string): WicketError {
  return new WicketError(
    "ERR_NO_OBJECT",
    `${NOT_SQLITE} ${name}: its migration has new_classes where it must have new_sqlite_classes. A class that has been ` +
      "deployed cannot be changed, so add another one with\n\n" +
      'export { WicketObject } from "mcp-wicket";\n\nin the main file, and in wrangler.toml\n\n' +
      '[[migrations]]\ntag = "wicket-object"\nnew_sqlite_classes = ["WicketObject"]\n\nor in wrangler.jsonc\n\n' +
      '"migrations": [{ "tag": "wicket-object", "new_sqlite_classes": ["WicketObject"] }]',
  );
}

const NOT_SQLITE = "This needs Durable Objects with SQLite, which the Worker does not have for";

/** An error of our own that an object has thrown: of the error, only the message gets here. */
export function thrownInObject(error: unknown): WicketError | undefined {
  const isOurs = error instanceof Error && error.message.startsWith(NOT_SQLITE);
  return isOurs ? new WicketError("ERR_NO_OBJECT", error.message, { cause: error }) : undefined;
}

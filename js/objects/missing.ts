/** What is missing if no Durable Object can be found, and the lines to add. */
import { WicketError } from "../common/errors.js";
import { type Exported, type ObjectQuery, isNamespace } from "./namespace.js";

/**
 * There is no namespace. `hasBindings`: some are bound; `mine`: the Worker's exports, if its compatibility date or a
 * flag provides them; `directory`: its exports in any case.
 */
export function noNamespace(
  { classes, named }: ObjectQuery,
  hasBindings: boolean,
  mine: Exported | undefined,
  directory: Exported,
): WicketError {
  const namesClass = named && named.name in directory;
  const name = namesClass ? named.name : (classes.find((name) => name in directory) ?? classes.at(-1) ?? WICKET_OBJECT);
  const isExported = name in directory;
  const hasObjects = isExported && isNamespace(directory[name]);
  // Without exports in the context, objects are found by bindings; an option can name one with any date.
  const binding = namesClass || !named ? (mine ? undefined : usualBinding(name)) : named.name;
  return new WicketError(
    "ERR_NO_OBJECT",
    [
      named
        ? `There is no Durable Object "${named.name}", which the option "${named.option}" names: the option takes the name of a ` +
          "binding, or of a class that the Worker's main file exports."
        : "This needs a Durable Object, and there is none.",
      isExported && `The class ${name} is exported${hasObjects ? ", and has its migration" : ""}.`,
      !isExported && `Your Worker's main file must contain\n\n${exportOf(name)}`,
      `Add to wrangler.toml\n\n${toml(name, binding, !hasObjects)}\n\n` +
        `or to wrangler.jsonc\n\n${jsonc(name, binding, !hasObjects)}`,
      !hasObjects && "(An additional migration needs its own tag.)",
      !mine &&
        "From compatibility_date 2025-11-17 on, or with the compatibility flag enable_ctx_exports, no binding is needed.",
      hasBindings &&
        named &&
        `No Durable Object binding has the name "${named.name}"; the log lists the existing ones.`,
      hasBindings &&
        !named &&
        "The bound objects are of another class or another Worker. If one of the bindings is the right one, name it with the option " +
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

/** The lines of wrangler.toml that provide a class's objects. */
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

/** Several namespaces could be meant, and they differ: of the class `className`, or of any of ours. */
export function several(names: readonly string[], className?: string): WicketError {
  const listed = names.join(", ");
  const [said, options] = className
    ? [
        `Several bindings have different objects of a class ${className}: ${listed}.`,
        '"objects" (where agents live: "binding")',
      ]
    : [`Several Durable Objects could store this data, and it must always be the same one: ${listed}.`, '"objects"'];
  return new WicketError(
    "ERR_NO_OBJECT",
    `${said} Choose one with the option ${options}, such as objects: "${names[0] ?? ""}".`,
  );
}

/** Whether these objects are meant cannot be decided. */
export function unanswered(name: string, cause: unknown): WicketError {
  return new WicketError(
    "ERR_NO_OBJECT",
    `The Durable Objects ${name} do not answer, so it is unknown whether they are the right ones. ` +
      `Choose one with the option "objects" (for agents: "binding").`,
    { cause },
  );
}

/** The objects' class is not ours. */
export function notOurs(cause: unknown): WicketError {
  return new WicketError(
    "ERR_NO_OBJECT",
    'The Durable Objects that the option "objects" names are of a class that is neither WicketObject nor an McpAgent of ' +
      "mcp-wicket. Name another binding or class, or omit the option. (On a compatibility date before 2024-04-03 " +
      'the flag "rpc" is missing.)\n',
    { cause },
  );
}

/** The class does not use SQLite. */
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

const NOT_SQLITE = "This needs Durable Objects with SQLite, but the Worker has none for";

/** An error of ours that was thrown in an object: only its message arrives here. */
export function thrownInObject(error: unknown): WicketError | undefined {
  const isOurs = error instanceof Error && error.message.startsWith(NOT_SQLITE);
  return isOurs ? new WicketError("ERR_NO_OBJECT", error.message, { cause: error }) : undefined;
}

/** References inside a JSON Schema that becomes part of another one. */

/** Keywords whose values are data, not schemas. */
const DATA = new Set(["const", "default", "enum", "examples", "example"]);
/** Keywords whose values are schemas by name. */
const BY_NAME = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);

/** A name as a step of a JSON pointer in a URI's fragment (RFC 6901 §6). */
export function stepOf(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** The same schema when it is at `place` inside another one (`#/properties/name`). */
export function movedTo(place: string, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((one) => movedTo(place, one));
  if (typeof schema !== "object" || schema === null) return schema;
  // Below an `$id` of its own, references are relative to that.
  if (typeof (schema as { $id?: unknown }).$id === "string") return schema;
  const moved = Object.create(null) as Record<string, unknown>;
  for (const [keyword, value] of Object.entries(schema)) moved[keyword] = movedKeyword(place, keyword, value);
  return moved;
}

function movedKeyword(place: string, keyword: string, value: unknown): unknown {
  if (DATA.has(keyword)) return value;
  if (keyword === "$ref" && (value === "#" || String(value).startsWith("#/"))) return place + String(value).slice(1);
  if (!BY_NAME.has(keyword) || typeof value !== "object" || value === null) return movedTo(place, value);
  const named = Object.create(null) as Record<string, unknown>;
  for (const [name, inner] of Object.entries(value)) named[name] = movedTo(place, inner);
  return named;
}

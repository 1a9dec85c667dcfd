/**
 * True for a value that is the same after it has been written as JSON and read again. Dates and URLs become strings
 * that represent them completely; `dates` says whether these are accepted.
 */
export function isJson(value: unknown, dates = true): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return !["function", "symbol", "bigint"].includes(typeof value);
  if (value instanceof Date || value instanceof URL) return dates;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  return isPlain && !("toJSON" in value) && Object.values(value).every((value) => isJson(value, dates));
}

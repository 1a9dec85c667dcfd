/** Documents below `/.well-known/` (RFC 8615) at which clients look for a sign-in. */
import type { WellKnown } from "../boundary/wire.js";

const FOLDER = "/.well-known/";

/**
 * The part of the path before such a document's name: empty, or the path of its resource. Any path that begins with one
 * of the names counts, so that it is never another handler's page.
 */
export function ownerOf(path: string, { names }: WellKnown): string | undefined {
  const at = path.indexOf(FOLDER);
  return at >= 0 && names.some((name) => path.startsWith(name, at + FOLDER.length)) ? path.slice(0, at) : undefined;
}

/** The effect "document": a document that an issuer publishes, fetched once for all concurrent requests that need it. */
import { BoundedCache, POOLS, bytesOf } from "../caches.js";
import { now } from "../../common/clock.js";
import { EffectFailure, logged } from "../../common/errors.js";
import { shared } from "../../common/shared.js";
import type { DocumentEffect } from "../wire.js";
import { performFetch } from "./fetch.js";

interface Copy {
  readonly at: number;
  readonly body: string;
}

/** The latest copy of each document of which copies are accepted. */
const copies = new BoundedCache<Copy>(POOLS.documents);

/** Performs it; the outcome is the JSON text of `{at, body}`. */
export async function performDocument({ url, since, stale }: DocumentEffect): Promise<string> {
  if (since === undefined) return JSON.stringify(await fetched(url));
  const copy = copies.get(url);
  if (copy && copy.at >= since) return JSON.stringify(copy);
  try {
    let fresh = await fetched(url);
    // A copy that another request has just fetched may still be too old.
    if (fresh.at < since) fresh = await fetchDocument(url);
    copies.set(url, fresh, bytesOf(fresh.body));
    return JSON.stringify(fresh);
  } catch (error) {
    if (!copy || stale === undefined || copy.at < stale) throw error;
    logged("A document cannot be fetched, so its copy is used", error);
    return JSON.stringify(copy);
  }
}

const fetched = (url: string): Promise<Copy> => shared(`document ${url}`, () => fetchDocument(url));

async function fetchDocument(url: string): Promise<Copy> {
  const headers: [string, string][] = [["accept", "application/json"]];
  const { status, body } = JSON.parse(await performFetch({ url, method: "GET", headers })) as {
    status: number;
    body: string;
  };
  if (status !== 200) {
    const isDown = status === 429 || status >= 500;
    throw new EffectFailure(isDown ? "unreachable" : "failed", `${url} answered ${String(status)}`);
  }
  return { at: now(), body };
}

/**
 * The effect "fetch": one HTTP request to the outside. https only (http to loopback, for development), no redirects,
 * bounded in time and size. Whether the runtime reaches private addresses is the flag `global_fetch_strictly_public`.
 */
import { isLoopback } from "../../common/loopback.js";
import { BOUNDS } from "../caches.js";
import { textOf } from "../../http/body.js";
import { EffectFailure } from "../../common/errors.js";
import type { FetchEffect } from "../wire.js";

const TIMEOUT_MS = 10_000;
const MAX_BODY = BOUNDS.fetched.value;
/** Headers that say how many requests remain: of GitHub and many others, of Okta, and of a draft standard. */
const REMAINING = ["x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"];
const BRIEF_TIMEOUT_MS = 5_000;
const BRIEF_BODY = BOUNDS.fetchedBriefly.value;

/** Performs it; the outcome is the JSON text of `{status, body}`, with the headers that report a rate limit. */
export async function performFetch(effect: Omit<FetchEffect, "kind">): Promise<string> {
  const url = new URL(effect.url);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    throw new EffectFailure("refused", `${url.protocol} URLs are not fetched: ${url.origin}`);
  }
  if (url.username || url.password) throw new EffectFailure("refused", "a URL with credentials is not fetched");
  try {
    const response = await fetch(url, {
      method: effect.method,
      headers: effect.headers,
      body: effect.body ?? null,
      redirect: "manual",
      signal: AbortSignal.timeout(effect.brief ? BRIEF_TIMEOUT_MS : TIMEOUT_MS),
    });
    const body = effect.brief ? await readBeginning(response) : await readText(response);
    const retryAfter = response.headers.get("retry-after") ?? undefined;
    const remaining = REMAINING.map((name) => response.headers.get(name)).find((value) => value !== null);
    return JSON.stringify({ status: response.status, body, retryAfter, remaining });
  } catch (error) {
    if (error instanceof EffectFailure) throw error;
    const timedOut = error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
    throw new EffectFailure(timedOut ? "timeout" : "unreachable", `${url.origin} did not answer`, { cause: error });
  }
}

async function readText({ body }: Response): Promise<string> {
  const text = body ? await textOf(body, (length) => length <= MAX_BODY, true) : "";
  if (text !== undefined) return text;
  throw new EffectFailure("refused", `the response is longer than ${String(MAX_BODY)} bytes`);
}

/** The body, or enough of one that is too long to show that. */
async function readBeginning(response: Response): Promise<string> {
  const bytes = new Uint8Array(BRIEF_BODY + 1);
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    const part = chunk.subarray(0, bytes.length - length);
    bytes.set(part, length);
    length += part.length;
    if (length === bytes.length) break;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

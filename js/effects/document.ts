/** The effect "document": something that an issuer publishes, fetched once for all requests that want it together. */
import { EffectFailure } from "../errors.js";
import { shared } from "../shared.js";
import { performFetch } from "./fetch.js";

/** Performs it; the outcome is the JSON text of `{at, body}`. */
export function performDocument(url: string): Promise<string> {
  return shared(`document ${url}`, async () => {
    const headers: [string, string][] = [["accept", "application/json"]];
    const { status, body } = JSON.parse(await performFetch({ url, method: "GET", headers })) as {
      status: number;
      body: string;
    };
    if (status !== 200) throw new EffectFailure("failed", `${url} answered ${String(status)}`);
    return JSON.stringify({ at: Date.now(), body });
  });
}

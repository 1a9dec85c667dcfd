/** Asking the Worker to run a probe. */
import type { Found, ProbeOptions, Script } from "../../../probe/script.ts";
import { post } from "../../../harness/messages.ts";
import type { Running } from "../../../harness/workerd.ts";

/** What came of it: an `error` stands for the 500 that its client got. */
export type Probed = Partial<Found> & { name: string; error?: string };

export function probeRequest({ url }: Running, script: Script, options: ProbeOptions = {}): Request {
  return post(`${url}/probe`, JSON.stringify({ script, options }));
}

export async function probe(worker: Running, script: Script, options: ProbeOptions = {}): Promise<Probed> {
  const response = await fetch(probeRequest(worker, script, options));
  return (await response.json()) as Probed;
}

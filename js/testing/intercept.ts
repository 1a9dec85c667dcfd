/** Answers the fetches of a Worker under test in the same process. */

/** Answers a request, or returns undefined to leave it to others, without reading its body. */
export type Answering = (request: Request) => Response | undefined | Promise<Response | undefined>;

const answering = new Set<Answering>();
let before: typeof fetch | undefined;

/** From now on `answer` is called first for each `fetch` of this isolate, until the returned function is called. */
export function intercept(answer: Answering): () => void {
  answering.add(answer);
  if (!before) {
    before = globalThis.fetch;
    globalThis.fetch = intercepted;
  }
  return () => {
    answering.delete(answer);
    if (answering.size > 0 || !before) return;
    // If something else has replaced `fetch` meanwhile, it stays.
    if (globalThis.fetch === intercepted) globalThis.fetch = before;
    before = undefined;
  };
}

async function intercepted(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  for (const answer of answering) {
    const response = await answer(request);
    if (response) return response;
  }
  return (before ?? fetch)(request);
}

/** What a Worker under test fetches, answered in the same process. */

/** Answers a request, or leaves it to others. It may not read the body of one that it leaves. */
export type Answering = (request: Request) => Response | undefined | Promise<Response | undefined>;

const answering = new Set<Answering>();
let before: typeof fetch | undefined;

/** From now on `answer` is asked first about each `fetch` of this isolate, until what comes back is called. */
export function intercept(answer: Answering): () => void {
  answering.add(answer);
  if (!before) {
    before = globalThis.fetch;
    globalThis.fetch = intercepted;
  }
  return () => {
    answering.delete(answer);
    if (answering.size > 0 || !before) return;
    // Whoever has put something around ours meanwhile keeps it.
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

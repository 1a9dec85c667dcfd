/** What the isolate holds, asked of the runtime's inspector (the Chrome DevTools Protocol). */
import type { Running } from "../../harness/workerd.ts";

/** Bytes of JavaScript objects that are alive in the Worker. */
export async function heapOf({ inspector, url }: Running): Promise<number> {
  // The second run frees what the finalizers of the first have let go.
  for (let n = 0; n < 2; n++) await (await fetch(`${url}/collect`)).text();
  const socket = new WebSocket(`ws://127.0.0.1:${inspector}/main`);
  try {
    return await new Promise((resolve, reject) => {
      socket.addEventListener("open", () => socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" })));
      socket.addEventListener("error", reject);
      socket.addEventListener("message", ({ data }) => {
        const answer = JSON.parse(String(data)) as { id?: number; result: { usedSize: number } };
        if (answer.id === 1) resolve(answer.result.usedSize);
      });
    });
  } finally {
    socket.close();
  }
}

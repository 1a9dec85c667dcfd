/** What the isolate holds, asked of the runtime's inspector (the Chrome DevTools Protocol). */
import type { Running } from "../../../harness/workerd.ts";

/** Bytes of JavaScript objects that are alive in the Worker. */
export async function heapOf(worker: Running): Promise<number> {
  return (await usageOf(worker)).usedSize;
}

/** Bytes of JavaScript objects that are alive in the Worker, and of the buffers that they have beside the heap. */
export async function aliveIn(worker: Running): Promise<number> {
  const { usedSize, backingStorageSize } = await usageOf(worker);
  return usedSize + backingStorageSize;
}

interface Usage {
  usedSize: number;
  backingStorageSize: number;
}

async function usageOf({ inspector, url }: Running): Promise<Usage> {
  // The second run frees what the finalizers of the first have let go.
  for (let n = 0; n < 2; n++) await (await fetch(`${url}/collect`)).text();
  const socket = new WebSocket(`ws://127.0.0.1:${inspector}/main`);
  try {
    return await new Promise((resolve, reject) => {
      socket.addEventListener("open", () => socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" })));
      socket.addEventListener("error", reject);
      socket.addEventListener("message", ({ data }) => {
        const answer = JSON.parse(String(data)) as { id?: number; result: Usage };
        if (answer.id === 1) resolve(answer.result);
      });
    });
  } finally {
    socket.close();
  }
}

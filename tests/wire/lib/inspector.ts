/** What the isolate holds, asked of the runtime's inspector (the Chrome DevTools Protocol). */
import type { Running } from "../../harness/workerd.ts";

/** Bytes of JavaScript objects that are alive in the Worker. */
export async function heapOf({ inspector, url }: Running): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${inspector}/main`);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  let id = 0;
  const ask = (method: string) =>
    new Promise<{ usedSize: number }>((resolve, reject) => {
      const mine = ++id;
      socket.addEventListener("message", ({ data }) => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: { usedSize: number } };
        if (answer.id !== mine) return;
        if (answer.result) resolve(answer.result);
        else reject(new Error(`${method}: ${String(data)}`));
      });
      socket.send(JSON.stringify({ id: mine, method }));
    });
  /** The runtime collects when it next has something to do. */
  const collect = () => Promise.all([ask("HeapProfiler.collectGarbage"), fetch(`${url}/memory`).then((r) => r.text())]);
  try {
    // The second run frees what the finalizers of the first have let go.
    await collect();
    await collect();
    return (await ask("Runtime.getHeapUsage")).usedSize;
  } finally {
    socket.close();
  }
}

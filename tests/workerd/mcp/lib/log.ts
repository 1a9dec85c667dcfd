/** What the operator reads while something runs. */
import { vi } from "vitest";

/** Runs `what`, and gives what it came to and what it wrote to `console.error`. */
export async function logOf<T>(what: () => Promise<T>): Promise<{ value: T; log: string }> {
  const written = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    const value = await what();
    return { value, log: written.mock.calls.map((parts) => parts.map(show).join(" ")).join("\n") };
  } finally {
    written.mockRestore();
  }
}

function show(part: unknown): string {
  if (!(part instanceof Error)) return String(part);
  const { stack = String(part), cause } = part;
  return cause === undefined ? stack : `${stack}\ncaused by ${show(cause)}`;
}

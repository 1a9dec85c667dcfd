/** The compatibility flag without which signals do not tell of clients that go away. */
import { expect, test, vi } from "vitest";
import { warnWithoutSignal } from "../../../js/mcp/server/cancellation.ts";

test("its absence is said once, with the line to add", () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    expect(Cloudflare.compatibilityFlags["enable_request_signal"], "the runtime tells").toBe(true);
    warnWithoutSignal(Cloudflare.compatibilityFlags);
    expect(warned).not.toHaveBeenCalled();
    warnWithoutSignal({ enable_request_signal: false });
    warnWithoutSignal({});
    expect(warned.mock.calls).toEqual([[expect.stringContaining('compatibility_flags = ["enable_request_signal"]')]]);
  } finally {
    warned.mockRestore();
  }
});

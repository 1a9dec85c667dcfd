/** The samples of `docs/guides/testing.md` are those that the tests run. */
import { expect, test } from "vitest";

const files = import.meta.glob<string>(
  ["../../../docs/guides/testing.md", "./guide.test.ts", "../oauth/guide.test.ts"],
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);

test("the guide's samples are these", () => {
  const guide = files["../../../docs/guides/testing.md"] ?? "";
  const samples = Array.from(guide.matchAll(/```ts\n([\s\S]*?)```/g), ([, sample = ""]) => sample);
  expect(samples.length).toBeGreaterThan(3);
  for (const sample of samples) {
    // What a sample imports stands at the top of these files.
    const body = sample.replace(/^import .*\n/gm, "").trim();
    const found = Object.entries(files).some(([name, text]) => name.endsWith(".ts") && text.includes(body));
    expect(found, body).toBe(true);
  }
});

/** Questions to the person at a terminal. */
import process from "node:process";
import { createInterface } from "node:readline/promises";
import type { Ask } from "./choices.js";

/** The two directions of a terminal. */
export interface Terminal {
  input: object;
  output: { write(text: string): unknown };
}

export function terminal({ input, output }: Terminal = { input: process.stdin, output: process.stdout }): {
  ask: Ask;
  close: () => void;
} {
  const lines = createInterface({ input, output });
  const ask: Ask = async (question, options, preset) => {
    if (options.length === 0) return (await lines.question(`${question} (${preset}) `)).trim() || preset;
    const shown = options.map(({ value, label }, index) => `  ${String(index + 1)}  ${value.padEnd(8)} ${label}`);
    output.write(`${question}\n${shown.join("\n")}\n`);
    for (;;) {
      const answer = (await lines.question(`Number or name (${preset}): `)).trim() || preset;
      const found = options[Number(answer) - 1] ?? options.find(({ value }) => value === answer);
      if (found) return found.value;
      output.write(`"${answer}" is none of them.\n`);
    }
  };
  return { ask, close: () => lines.close() };
}

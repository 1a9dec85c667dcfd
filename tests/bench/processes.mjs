/** Child processes that never outlive the benchmark: on its end, on an error and on Ctrl-C they are killed. */
import { spawn } from "node:child_process";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

process.on("exit", endAll);
for (const [signal, code] of /** @type {const} */ ([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
])) {
  process.on(signal, () => process.exit(code));
}

/**
 * Starts a program that ends with the benchmark.
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").StdioOptions} stdio
 */
export function start(command, args, stdio) {
  const child = spawn(command, args, { stdio });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Kills every program that is still running. */
export function endAll() {
  for (const child of running) child.kill("SIGKILL");
}

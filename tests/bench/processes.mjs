/** Child processes that never outlive the benchmark: on its end, on an error and on Ctrl-C they are killed. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

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

/**
 * Like `start`, on one CPU of its own: server and load each keep to theirs, which halves what chance does to the figures.
 * Without `taskset`, or with a single CPU, the program runs anywhere.
 * @param {0 | 1} cpu which of the CPUs that we may use
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").StdioOptions} stdio
 */
export function startOn(cpu, command, args, stdio) {
  if (cpus.length < 2) return start(command, args, stdio);
  return start("taskset", ["--cpu-list", String(cpus[cpu]), command, ...args], stdio);
}

/** Numbers of the CPUs that we may use, if programs can be told which: `0-2,5` is 0, 1, 2 and 5. */
const cpus = canPin() ? allowedCpus() : [];

function canPin() {
  return spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;
}

function allowedCpus() {
  const [, list] = readFileSync("/proc/self/status", "utf8").match(/^Cpus_allowed_list:\s*(\S+)/m) ?? [];
  return (list ?? "").split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Kills every program that is still running. */
export function endAll() {
  for (const child of running) child.kill("SIGKILL");
}

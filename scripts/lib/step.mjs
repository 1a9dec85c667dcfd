// Running one tool as a step: a title, signs of life while it works, and its whole output when it fails.

import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { root, toolEnv } from "./paths.mjs";

const HEARTBEAT_MS = 15_000;

/** What is running. It must not outlive this script. */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill()));

/** A failure that people can act on: it is shown without a stack trace. */
export class Failure extends Error {}

/** Runs `command` under `title`, quietly. `progress(output)` may say in a few words how far it is. */
export function step(title, command, args, { env, progress = () => "" } = {}) {
  const what = title.replace(/ \(.*/, "");
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  console.error(`${title} …`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...toolEnv, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    const heartbeat = setInterval(() => {
      const details = [`${seconds()} s`, progress(output)].filter(Boolean).join(", ");
      console.error(`  … ${what}: ${details}`);
    }, HEARTBEAT_MS);
    child.on("error", (error) => {
      clearInterval(heartbeat);
      reject(new Failure(`${what} failed: ${error.message}`));
    });
    child.on("close", (code) => {
      running.delete(child);
      clearInterval(heartbeat);
      if (code === 0) return resolve(output);
      reject(new Failure(`${output}\n${what} failed (${command} ended with code ${code}).`));
    });
  });
}

/** Runs `main` when the file at `moduleUrl` is the one that was started, and turns a failure into exit code 1. */
export async function runAsScript(moduleUrl, main) {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== fileURLToPath(moduleUrl)) return;
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    process.exit(1);
  }
}

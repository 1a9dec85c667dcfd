// Running one Worker on this machine with `wrangler dev`: ready means that it answers, stopped means that nothing is left.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { at, npmBin, root, toolEnv } from "./paths.mjs";
import { Failure } from "./step.mjs";

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;
const POLL_MS = 100;
const parent = process.ppid;
const READINESS_LOG = /^.*HEAD \/ .*\n/m;

/** Resolves to `port`, or to a free one for 0; refuses one that is taken. */
export function claimPort(port) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", ({ code }) => {
      const reason =
        code === "EADDRINUSE"
          ? "is already in use. Stop what is using it, or choose another port"
          : `cannot be used (${code})`;
      reject(new Failure(`Port ${port} ${reason}.`));
    });
    probe.listen(port, "127.0.0.1", () => {
      const claimed = probe.address().port;
      probe.close(() => resolve(claimed));
    });
  });
}

/** Starts the Worker that `config` (a wrangler.toml) describes. Its state lives in `state`, or in a folder that ends with it. */
async function startWorker({ config, port: wanted, state }) {
  const port = await claimPort(wanted);
  const scratch = mkdtempSync(join(tmpdir(), "mcp-wicket-"));
  const options = {
    config,
    ip: "127.0.0.1",
    port,
    "inspector-port": await claimPort(0),
    "persist-to": state ?? join(scratch, "state"),
    "show-interactive-dev-session": false,
    var: "MCP_WICKET_DEVELOPMENT:sign-in", // for examples with a sign-in: see src/development.ts there
  };
  const wrangler = [
    `--import=${new URL("end-with-parent.mjs", import.meta.url)}`,
    at("node_modules/wrangler/bin/wrangler.js"),
    "dev",
  ];
  const entry = join(dirname(config), "src/development.ts");
  if (existsSync(entry)) wrangler.push(entry);
  const secrets = join(dirname(config), ".dev.vars.example");
  if (existsSync(secrets)) wrangler.push(`--env-file=${secrets}`);
  const args = [...wrangler, ...Object.entries(options).map(([name, value]) => `--${name}=${value}`)];
  const env = { ...toolEnv, WRANGLER_REGISTRY_PATH: join(scratch, "registry") };
  const child = spawn(npmBin("node"), args, { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });

  let output = "";
  let show = (text) => (output += text);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => show(text));

  const exited = new Promise((resolve) => child.once("close", resolve));
  /** Sends a signal to wrangler and all that it started; false when none of them is left. */
  const signalGroup = (signal) => {
    try {
      return process.kill(-child.pid, signal);
    } catch {
      return false;
    }
  };
  const stop = async () => {
    signalGroup("SIGTERM");
    await Promise.race([exited, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    for (let tries = 0; signalGroup("SIGKILL") && tries < 10; tries++) await sleep(POLL_MS / 2);
    rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
  };

  const url = `http://127.0.0.1:${port}`;
  const ready = untilReady(url, child).then((isReady) => {
    if (!isReady) throw new Failure(`${output}\nThe Worker did not start.`);
    show = (text) => process.stdout.write(text.replace(READINESS_LOG, ""));
  });
  return { url, ready, stop, exited };
}

/** True once `url` answers HTTP, false when the process ends or takes too long. */
async function untilReady(url, child) {
  const deadline = Date.now() + START_LIMIT_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    try {
      await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(POLL_MS * 50) });
      return true;
    } catch {
      await sleep(POLL_MS);
    }
  }
  return false;
}

/** Runs the Worker until this script is told to end (or its npm is gone), and calls `onReady` in between. */
export async function runWorker(options, onReady) {
  const told = new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => resolve("told"));
    if (process.env.npm_command) setInterval(() => process.ppid !== parent && resolve("told"), 250).unref();
  });
  const worker = await startWorker(options);
  try {
    if ((await Promise.race([told, worker.ready])) === "told") return;
    onReady(worker);
    if ((await Promise.race([told, worker.exited])) !== "told") throw new Failure("The Worker ended by itself.");
  } finally {
    await worker.stop();
  }
}

/** The load: Debian's `wrk` sends one fixed request over eight connections, as fast as it is answered. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./processes.mjs";

/**
 * @typedef {object} FixedRequest
 * @property {Record<string, string>} headers
 * @property {string} body
 */

/**
 * Loads a server for some seconds and answers how many requests it completed. Any failed one is an error.
 * @param {string} url the endpoint
 * @param {FixedRequest} request
 * @param {number} seconds
 */
export async function load(url, request, seconds) {
  const folder = await mkdtemp(join(tmpdir(), "wicket-bench-"));
  try {
    const script = join(folder, "request.lua");
    await writeFile(script, lua(request));
    const args = ["--threads", "1", "--connections", "8", "--timeout", "10s", "--duration", `${seconds}s`];
    const said = await run("wrk", [...args, "--script", script, url]);
    const [requests, failed] = (said.match(/^COUNTS (\d+) (\d+)$/m) ?? []).slice(1).map(Number);
    if (!requests || failed) throw new Error(`The load on ${url} failed:\n${said}`);
    return requests;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function lua(/** @type {FixedRequest} */ { headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[ ${long(name)} ] = ${long(value)}`);
  return `wrk.method = "POST"
wrk.body = ${long(body)}
${lines.join("\n")}
function done(summary)
  local e = summary.errors
  print(string.format("COUNTS %d %d", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

/** A Lua string in which no character has a special meaning. */
function long(/** @type {string} */ value) {
  return `[==[${value}]==]`;
}

/** Makes sure that `wrk` is there: installs it on Debian when allowed to, else says how. */
export async function ensureWrk() {
  if (await works("wrk", ["--version"])) return;
  if (process.getuid?.() === 0 && (await works("apt-get", ["--version"]))) {
    console.log("Installing wrk, which makes the load (apt-get install wrk) …");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = () => run("apt-get", ["install", "-y", "--no-install-recommends", "wrk"], { env });
    await install().catch(() => run("apt-get", ["update"], { env }).then(install));
    return;
  }
  throw new Error("The benchmark needs wrk. Install it with `sudo apt-get install -y wrk` or `brew install wrk`, then run again.");
}

/** Whether a program can be started; its exit code does not matter (`wrk --version` ends with 1). */
async function works(/** @type {string} */ command, /** @type {string[]} */ args) {
  return run(command, args).then(
    () => true,
    (error) => error.code !== "ENOENT",
  );
}

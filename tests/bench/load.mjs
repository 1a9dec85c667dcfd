/** The load: Debian's `wrk` sends one fixed request over eight connections, as fast as it is answered. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure, step } from "../../scripts/lib/step.mjs";
import { startOn } from "./processes.mjs";

/**
 * @typedef {object} FixedRequest
 * @property {Record<string, string>} headers
 * @property {string} body
 * @property {Series} [series] what changes from request to request
 */

/**
 * @typedef {object} Series
 * @property {string} [header] the one whose value changes; without it the body does
 * @property {string[]} values sent one after the other, round and round
 * @property {number} next where the next load begins, so that it goes on where the one before ended
 */

/** How long `wrk` needs, at most, to get from its start to its first request and from a signal to its handler. */
const settled = 20;

/**
 * Starts the load on a server, paused.
 * @param {string} url the endpoint
 * @param {FixedRequest} request
 */
export async function startLoad(url, request) {
  const folder = await mkdtemp(join(tmpdir(), "wicket-bench-"));
  const script = join(folder, "request.lua");
  await writeFile(script, lua(request));
  const options = ["--threads=1", "--connections=8", "--timeout=60s", "--duration=1h", `--script=${script}`];
  const wrk = startOn(1, "wrk", [...options, url], ["ignore", "pipe", "pipe"]);
  let said = "";
  for (const stream of [wrk.stdout, wrk.stderr]) stream?.on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => wrk.once("close", resolve));
  await sleep(settled);
  wrk.kill("SIGSTOP");
  return {
    resume: () => wrk.kill("SIGCONT"),
    pause: () => wrk.kill("SIGSTOP"),
    /** Ends the load and answers how many requests were completed. Any failed one is an error. */
    async finish() {
      wrk.kill("SIGCONT");
      await sleep(settled);
      // wrk ends early when its main thread takes the signal, and not always is it that one.
      const asking = setInterval(() => wrk.kill("SIGINT"), settled);
      await ended;
      clearInterval(asking);
      await rm(folder, { recursive: true });
      const [requests, failed] = (said.match(/^COUNTS (\d+) (\d+)$/m) ?? []).slice(1).map(Number);
      if (!requests || failed) throw new Failure(`The load on ${url} failed:\n${said}`);
      if (request.series) request.series.next = (request.series.next + requests) % request.series.values.length;
      return requests;
    },
  };
}

function lua(/** @type {FixedRequest} */ { headers, body, series }) {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[ ${quoted(name)} ] = ${quoted(value)}`);
  return `wrk.method = "POST"
wrk.body = ${quoted(body)}
${lines.join("\n")}
${series ? luaOf(series) : ""}
function done(summary)
  local e = summary.errors
  print(string.format("COUNTS %d %d", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

/** Requests that are written before the first is sent, and then taken one after the other. */
function luaOf(/** @type {Series} */ { header, values, next }) {
  return `local requests, at = {}, ${next}
function init()
  for value in string.gmatch(${quoted(`${values.join("\n")}\n`)}, "([^\\n]+)\\n") do
    ${header ? `wrk.headers[ ${quoted(header)} ]` : "wrk.body"} = value
    requests[#requests + 1] = wrk.format()
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`;
}

/** A Lua string in which no character has a special meaning. */
function quoted(/** @type {string} */ value) {
  return `[==[${value}]==]`;
}

/** Makes sure that `wrk` is there: installs it on Debian when allowed to, else says how. */
export async function ensureWrk() {
  if (canStart("wrk")) return;
  if (process.getuid?.() !== 0 || !canStart("apt-get")) {
    throw new Failure("The benchmark needs wrk. Install it (`sudo apt-get install -y wrk`) and run this again.");
  }
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  await step("Reading Debian's package lists", "apt-get", ["update", "-q"], options);
  await step("Installing wrk", "apt-get", ["install", "-q", "-y", "--no-install-recommends", "wrk"], options);
}

function canStart(/** @type {string} */ command) {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}

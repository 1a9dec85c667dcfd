// The test runners: each shows its real output, and counts what passed and failed from it.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at, npmBin, root, toolEnv } from "./paths.mjs";
import { step } from "./step.mjs";

/** Runs a command with its output shown, and returns that with the exit code. */
function tee(command, args, env) {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", "pipe", "inherit"];
    const child = spawn(command, args, { cwd: root, env: { ...toolEnv, ...env }, stdio });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** A runner that ended badly has failed, whatever it counted; one that ran nothing has too. */
function judged(code, passed, failed) {
  const unexplained = failed === 0 && (code !== 0 || passed === 0);
  if (unexplained) console.error(code === 0 ? "No test ran." : `The runner ended with code ${code}.`);
  return { passed, failed: unexplained ? 1 : failed };
}

/** Checks that either succeed or fail: each counts as one test. Those of cargo wait for each other, the others do not wait for them. */
export async function runChecks(checks) {
  const counts = { passed: 0, failed: 0 };
  const runInTurn = async (some) => {
    for (const [title, command, args] of some) {
      try {
        await (typeof command === "function" ? command() : step(title, command, args));
        counts.passed += 1;
      } catch (error) {
        console.error(error.message);
        counts.failed += 1;
      }
    }
  };
  const isCargo = ([, command]) => command === "cargo";
  await Promise.all([runInTurn(checks.filter(isCargo)), runInTurn(checks.filter((check) => !isCargo(check)))]);
  return judged(0, counts.passed, counts.failed);
}

/** `cargo test`: the sum of its "test result" lines. */
export async function runCargoTest(args) {
  const { code, output } = await tee("cargo", ["test", ...args]);
  let passed = 0;
  let failed = 0;
  for (const [, ok, bad] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)) {
    passed += Number(ok);
    failed += Number(bad);
  }
  return judged(code, passed, failed);
}

/** vitest: the counts of its JSON report. */
export async function runVitest(args, env) {
  const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-test-"));
  const report = join(folder, "report.json");
  try {
    const vitest = [at("node_modules/vitest/vitest.mjs"), "run", ...args];
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { code } = await tee(npmBin("node"), [...vitest, ...reporters], env);
    const { numPassedTests, numFailedTests } = readReport(report);
    return judged(code, numPassedTests, numFailedTests);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The official conformance suites: the counts of the run's last line. */
export async function runConformance() {
  const { code, output } = await tee(npmBin("node"), [at("tests/conformance/run.ts")]);
  const [, passed = 0, failed = 0] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? [];
  return judged(code, Number(passed), Number(failed));
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0 };
  }
}

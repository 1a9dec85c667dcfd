/** A program that serves, until it says that it is ready. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface Launched {
  /** Everything that it has printed. */
  output: () => string;
  stop: () => Promise<void>;
}

const running = new Set<ChildProcess>();
const end = (child: ChildProcess, signal: NodeJS.Signals) => {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch {
    // It has ended already.
  }
};
process.once("exit", () => running.forEach((child) => end(child, "SIGKILL")));

/** Runs a command in a folder until its output matches `ready`; throws with the output if it ends before. */
export async function launch(
  [program, ...args]: [string, ...string[]],
  { cwd, env, ready }: { cwd: string; env: NodeJS.ProcessEnv; ready: RegExp },
): Promise<Launched> {
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  const exited = once(child, "close").then(() => running.delete(child));
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (ready.test(output)) resolve();
      });
    }
    child.once("close", () => reject(new Error(`${[program, ...args].join(" ")} has ended:\n${output}`)));
  });
  return {
    output: () => output,
    async stop() {
      end(child, "SIGTERM");
      await exited;
      end(child, "SIGKILL");
    },
  };
}

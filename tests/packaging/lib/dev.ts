/** `npm run dev` in a project, until it answers. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { freePort } from "../../harness/port.ts";

export interface Dev {
  url: string;
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

/** Runs `npm run dev` on a free port. */
export async function dev(project: string, env: NodeJS.ProcessEnv): Promise<Dev> {
  const [port, inspector] = [await freePort(), await freePort()];
  const args = ["run", "dev", "--", `--port=${port}`, "--ip=127.0.0.1", `--inspector-port=${inspector}`];
  const child = spawn("npm", [...args, "--show-interactive-dev-session=false"], {
    cwd: project,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  const exited = once(child, "close").then(() => running.delete(child));
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/Ready on http/.test(output)) resolve();
      });
    }
    child.once("close", () => reject(new Error(`npm run dev has ended:\n${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    async stop() {
      end(child, "SIGTERM");
      await exited;
      end(child, "SIGKILL");
    },
  };
}

/** `npm run dev` in a project, until it answers. */
import { freePort } from "../../harness/port.ts";
import { type Launched, launch } from "./launch.ts";

export interface Dev extends Launched {
  url: string;
}

/** Runs `npm run dev` on a free port. */
export async function dev(project: string, env: NodeJS.ProcessEnv): Promise<Dev> {
  const [port, inspector] = [await freePort(), await freePort()];
  const args = ["run", "dev", "--", `--port=${port}`, "--ip=127.0.0.1", `--inspector-port=${inspector}`];
  const launched = await launch(["npm", ...args, "--show-interactive-dev-session=false"], {
    cwd: project,
    env,
    ready: /Ready on http/,
  });
  return { url: `http://127.0.0.1:${port}`, ...launched };
}

/** A served Worker for a test: what `npm run serve` does, on a free port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/serve.mjs", import.meta.url));

export interface Served {
  url: string;
  stop(): Promise<void>;
}

/** Serves the example `name` (or `everything`) and resolves once it answers. */
export async function serve(name: string): Promise<Served> {
  const child = spawn(process.execPath, [script, name, "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (text: Buffer) => {
      output += text.toString();
      const ready = /^ready (\S+)$/m.exec(output)?.[1];
      if (ready) resolve(ready);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => {
      reject(new Error(`${name} did not start:\n${output}`));
    });
  });
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

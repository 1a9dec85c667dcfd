/** The command line of the package, as `npx mcp-wicket` runs it. */
import { execFile } from "node:child_process";
import { at } from "./paths.ts";

export interface Said {
  /** The exit code. */
  code: number;
  out: string;
  err: string;
}

/** Runs `mcp-wicket` with these arguments; `env` replaces the environment. */
export function cli(args: readonly string[], env?: Record<string, string>): Promise<Said> {
  return new Promise((resolve) => {
    execFile(process.execPath, [at("dist/cli/main.js"), ...args], { ...(env && { env }) }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

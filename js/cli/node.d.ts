// As much of Node as the command line needs: its own types and those of Workers exclude each other.
declare module "node:fs" {
  export function readFileSync(path: string, encoding: "utf8"): string;
}
declare module "node:util" {
  export function parseArgs(config: {
    args: string[];
    options: Record<string, { type: "string" | "boolean"; multiple?: boolean }>;
    allowPositionals?: boolean;
  }): { values: Record<string, string | boolean | string[] | undefined>; positionals: string[] };
}
declare module "node:process" {
  const process: {
    argv: string[];
    env: Record<string, string | undefined>;
    exitCode: number | undefined;
    stdout: { write(text: string): void };
    stderr: { write(text: string): void };
  };
  export default process;
}

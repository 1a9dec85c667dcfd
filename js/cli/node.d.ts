// The part of Node's types that the command line needs: the full types conflict with those of Workers.
declare module "node:fs" {
  export function readFileSync(path: string | URL, encoding: "utf8"): string;
  export function existsSync(path: string): boolean;
  export function readdirSync(path: string): string[];
  export function mkdirSync(path: string, options: { recursive: true }): void;
  export function writeFileSync(path: string, text: string, options: { flag: "wx" }): void;
}
declare module "node:path" {
  export function dirname(path: string): string;
  export function join(...parts: string[]): string;
  export function resolve(path: string): string;
}
declare module "node:readline/promises" {
  export function createInterface(streams: { input: object; output: object }): {
    question(text: string): Promise<string>;
    close(): void;
  };
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
    stdin: { isTTY: boolean };
    stdout: { isTTY: boolean; write(text: string): void };
    stderr: { write(text: string): void };
  };
  export default process;
}
interface ImportMeta {
  url: string;
}

// The part of Node's types that `mcp-wicket migrate` needs: see ../node.d.ts.
declare module "node:fs" {
  export function writeFileSync(path: string, text: string, options?: { flag?: "wx"; mode?: number }): void;
  export function chmodSync(path: string, mode: number): void;
  export function realpathSync(path: string): string;
  export function lstatSync(
    path: string,
    options: { throwIfNoEntry: false },
  ): { mode: number; isSymbolicLink(): boolean } | undefined;
  export function renameSync(from: string, to: string): void;
  export function rmSync(path: string, options: { recursive?: boolean; force?: boolean }): void;
  export function mkdtempSync(prefix: string): string;
}
declare module "node:path" {
  export const sep: string;
  export function relative(from: string, to: string): string;
  export function isAbsolute(path: string): boolean;
}
declare module "node:os" {
  export function tmpdir(): string;
}
declare module "node:module" {
  export function createRequire(path: string): (name: string) => unknown;
}
declare module "node:child_process" {
  export function spawnSync(
    command: string,
    args: string[],
    options: { cwd: string; encoding: "utf8" },
  ): { status: number | null; stdout: string | null; stderr: string | null };
}

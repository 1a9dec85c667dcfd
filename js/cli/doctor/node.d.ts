// The part of Node's types that `mcp-wicket doctor` needs: see ../node.d.ts.
declare module "node:fs" {
  export function existsSync(path: string): boolean;
  export function statSync(path: string): { isDirectory(): boolean; size: number };
  export function readdirSync(
    path: string,
    options: { withFileTypes: true },
  ): { name: string; isDirectory(): boolean; isFile(): boolean }[];
}
declare module "node:path" {
  export function join(...parts: string[]): string;
  export function relative(from: string, to: string): string;
}
declare module "node:child_process" {
  export function spawnSync(
    command: string,
    args: string[],
    options: { cwd: string; stdio: "ignore" },
  ): { status: number | null };
}

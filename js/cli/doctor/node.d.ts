// The part of Node's types that `mcp-wicket doctor` needs: see ../node.d.ts.
declare module "node:fs" {
  export function existsSync(path: string): boolean;
  export function statSync(path: string): { isDirectory(): boolean; size: number };
  export function readdirSync(
    path: string,
    options: { withFileTypes: true },
  ): { name: string; isDirectory(): boolean; isFile(): boolean }[];
}
declare module "node:dns/promises" {
  export function lookup(host: string, options: { all: true }): Promise<{ address: string }[]>;
}
declare module "node:net" {
  /** 4, 6, or 0 if it is no address. */
  export function isIP(text: string): number;
  export class BlockList {
    addSubnet(network: string, prefix: number, type: "ipv4" | "ipv6"): void;
    check(address: string, type: "ipv4" | "ipv6"): boolean;
  }
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

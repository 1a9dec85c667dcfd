/** Both packages as package managers, bundlers and TypeScript see them: publint, and "Are the types wrong?". */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Packed, pack } from "./lib/packed.ts";

interface Analysis {
  types: false | { kind: string };
  /** By entry point, then by how it is imported. */
  entrypoints?: Record<string, { resolutions: Record<string, { resolution?: { isTypeScript: boolean } }> }>;
  problems?: { kind: string; entrypoint?: string; resolutionKind?: string }[];
}

let packed: Packed;
beforeAll(async () => {
  packed = await pack();
  return () => packed.remove();
});

const tarball = (name: keyof Packed["tarballs"]) => join(packed.folder, packed.tarballs[name]);

/** What `attw` finds: the whole analysis, whatever the profile leaves out of its exit code. */
async function attw(name: keyof Packed["tarballs"]): Promise<Analysis> {
  const program = at("node_modules/@arethetypeswrong/cli/dist/index.js");
  const args = [program, "--format=json", "--profile=esm-only", "--no-definitely-typed", tarball(name)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 });
  return (JSON.parse(stdout) as { analysis: Analysis }).analysis;
}

describe.each(["mcp-wicket", "create-mcp-wicket"] as const)("%s", (name) => {
  test("publint has nothing to say, not even a suggestion", async () => {
    const bytes = new Uint8Array(readFileSync(tarball(name))).buffer;
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, level: "suggestion", strict: true });
    expect(pkg).toMatchObject({ name });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });
});

describe("are the types wrong?", () => {
  test("no: each entry point resolves to its declarations from ES modules and for bundlers", async () => {
    const { entrypoints = {}, problems = [] } = await attw("mcp-wicket");
    const { exports } = JSON.parse(readFileSync(at("package.json"), "utf8")) as { exports: object };
    expect(Object.keys(entrypoints).sort()).toEqual(Object.keys(exports).sort());
    for (const [entry, { resolutions }] of Object.entries(entrypoints)) {
      if (entry.endsWith(".json")) continue;
      for (const kind of ["node16-esm", "bundler"]) {
        expect([entry, kind, resolutions[kind]?.resolution?.isTypeScript]).toEqual([entry, kind, true]);
      }
    }
    // The package has ES modules alone: `require` and TypeScript's resolution from before `exports` do not count.
    const counted = problems.filter(({ resolutionKind }) => !/^node10$|^node16-cjs$/.test(resolutionKind ?? ""));
    expect(counted).toEqual([]);
  });

  test("the package that makes projects is a program: it has no types, and needs none", async () => {
    expect((await attw("create-mcp-wicket")).types).toBe(false);
  });
});

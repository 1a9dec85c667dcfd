/** The package where there is no Workers runtime: plain Node, and what a framework builds for Node and for browsers. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createServer } from "vite";
import { afterAll, expect, test, vi } from "vitest";
import { at } from "../../harness/paths.ts";

const run = promisify(execFile);
const folder = at("tests/sockets/mcp/node");
const out = mkdtempSync(join(tmpdir(), "mcp-wicket-node-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

const build = (name: string, ...args: string[]) => {
  const vite = [
    at("node_modules/vite/bin/vite.js"),
    "build",
    "--outDir",
    join(out, name),
    "--logLevel",
    "warn",
    "--emptyOutDir",
  ];
  return run(process.execPath, [...vite, ...args], { cwd: folder });
};

/** What only the Workers runtime can import. */
const NEEDS_RUNTIME = /(from|import|import\()\s*["'](cloudflare:|[^"']*\.wasm)/;

interface Used {
  greeting: string;
  sum: string;
  classes: unknown[];
  errors: Record<string, string>;
}

function judge(stdout: string) {
  const { errors, ...used } = JSON.parse(stdout) as Used;
  expect(used).toEqual({ greeting: "Hello ada", sum: "42", classes: ["ToolError", "function", true] });
  expect(Object.keys(errors)).toEqual(["handler", "agent", "provider", "protect", "verifier"]);
  for (const [where, said] of Object.entries(errors)) {
    expect(said, where).toMatch(/^ERR_RUNTIME: .*Workers runtime.*wrangler dev.*workerd/s);
  }
}

test("plain Node imports every entry point; only what runs a server says that it needs the runtime", async () => {
  const { stdout, stderr } = await run(process.execPath, [join(folder, "use.mjs")]);
  judge(stdout);
  expect(stderr).toBe("");
});

test("what vite builds for a server runs in Node", async () => {
  await build("ssr", "--ssr", "use.mjs");
  const built = readdirSync(join(out, "ssr")).find((name) => /\.m?js$/.test(name)) ?? "";
  expect(readFileSync(join(out, "ssr", built), "utf8")).not.toMatch(NEEDS_RUNTIME);
  const script = await run(process.execPath, [join(out, "ssr", built)], {
    cwd: folder,
    env: { ...process.env, NODE_PATH: at("node_modules") },
  });
  judge(script.stdout);
});

test("vite builds a page that imports it", async () => {
  await build("page");
  const [page = ""] = readdirSync(join(out, "page/assets")).filter((name) => name.endsWith(".js"));
  expect(readFileSync(join(out, "page/assets", page), "utf8")).not.toMatch(NEEDS_RUNTIME);
});

test("vite's development server runs it for a server and sends it to a page", async () => {
  const server = await createServer({ root: folder, logLevel: "error", server: { port: 0, host: "127.0.0.1" } });
  try {
    const printed = vi.spyOn(console, "log").mockImplementation(() => {});
    await server.ssrLoadModule("/use.mjs");
    judge(String(printed.mock.lastCall?.[0]));
    printed.mockRestore();
    await server.listen();
    const origin = server.resolvedUrls?.local[0] ?? "";
    const page = await (await fetch(new URL("page.mjs", origin))).text();
    const imported = [...page.matchAll(/from "([^"]+)"/g)].map(([, path = ""]) => new URL(path, origin));
    expect(imported).toHaveLength(2);
    for (const url of imported) {
      const sent = await fetch(url);
      expect(sent.status, url.href).toBe(200);
      expect(await sent.text()).not.toMatch(NEEDS_RUNTIME);
    }
  } finally {
    await server.close();
  }
});

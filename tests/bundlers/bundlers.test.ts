/** Bundlers and frameworks: the packed package is built by each of them, and the result answers an official client. */
import { execFile } from "node:child_process";
import { cpSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { at } from "../harness/paths.ts";
import { freePort } from "../harness/port.ts";
import { type Launched, launch } from "../packaging/lib/launch.ts";
import { pack } from "../packaging/lib/packed.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

const modules = at("tests/bundlers/node_modules");
const program = (path: string) => [process.execPath, join(modules, path)] as const;
const VITE = program("vite/bin/vite.js");
const WRANGLER = program("wrangler/bin/wrangler.js");
const NEXT = program("next/dist/bin/next");

interface Manifest {
  devDependencies: Record<string, string>;
}

let env: NodeJS.ProcessEnv;

/** Puts the package beside the bundlers, as `npm install` does. */
beforeAll(async () => {
  const packed = await pack();
  env = { ...packed.env, NEXT_TELEMETRY_DISABLED: "1" };
  const own = join(modules, "mcp-wicket");
  rmSync(own, { recursive: true, force: true });
  cpSync(join(packed.folder, ".modules/mcp-wicket"), own, { recursive: true });
  return () => packed.remove();
});

/** Runs a command in a project; throws with its output. */
async function build(project: string, [file, ...args]: readonly string[]): Promise<void> {
  for (const made of ["dist", ".svelte-kit", ".next", ".wrangler"]) {
    rmSync(at("tests/bundlers", project, made), { recursive: true, force: true });
  }
  await promisify(execFile)(file ?? "", args, { cwd: at("tests/bundlers", project), env }).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(stdout + stderr, { cause: error });
  });
}

/** Serves a project while `work` runs; `work` gets the URL of the server. */
async function serving(
  project: string,
  command: readonly [string, ...string[]],
  ready: RegExp,
  work: (url: string, server: Launched) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const cwd = at("tests/bundlers", project);
  const server = await launch([...command, "--port", String(port)], { cwd, env, ready });
  try {
    await work(`http://127.0.0.1:${port}`, server);
  } finally {
    await server.stop();
  }
}

const wranglerDev = async () =>
  [...WRANGLER, "dev", "--ip=127.0.0.1", "--inspector-port", String(await freePort())] as const;
const WRANGLER_READY = /Ready on http/;
const VITE_READY = /Local/; // the colon after it may have a color of its own

/** A call of a tool by an official client. */
async function callsTool(url: string): Promise<void> {
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  const { content } = await client.callTool({ name: "add", arguments: { a: 40, b: 2 } });
  expect(content).toEqual([{ type: "text", text: "The sum is 42" }]);
  await client.close();
}

/** The WebAssembly modules in a folder of a project. */
const wasmIn = (folder: string) =>
  readdirSync(at("tests/bundlers", folder), { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".wasm"),
  );

test("the guide shows the files that are built here", () => {
  const guide = readFileSync(at("docs/guides/bundlers.md"), "utf8");
  const shown = [
    "vite/vite.config.ts vite/wrangler.jsonc esbuild/build.mjs esbuild/wrangler.jsonc next/next.config.js next/app/mcp/route.js",
    "sveltekit/vite.config.ts sveltekit/svelte.config.js sveltekit/wrangler.jsonc sveltekit/src/routes/mcp/+server.ts",
  ];
  for (const file of shown.join(" ").split(" ")) {
    expect(guide).toContain(`\n${readFileSync(at("tests/bundlers", file), "utf8")}\`\`\``);
  }
  const { devDependencies } = JSON.parse(readFileSync(at("tests/bundlers/package.json"), "utf8")) as Manifest;
  for (const name of [
    "@cloudflare/vite-plugin",
    "vite",
    "esbuild",
    "@sveltejs/kit",
    "@sveltejs/adapter-cloudflare",
    "next",
  ]) {
    expect(guide).toContain(devDependencies[name]);
  }
});

test("esbuild: one wasm module beside the script, and a tool call in workerd", async () => {
  await build("esbuild", [process.execPath, "build.mjs"]);
  expect(wasmIn("esbuild/dist")).toHaveLength(1);
  await serving("esbuild", await wranglerDev(), WRANGLER_READY, callsTool);
});

describe("the Cloudflare Vite plugin", () => {
  test("vite build and vite preview: one wasm module, and a tool call in workerd", async () => {
    await build("vite", [...VITE, "build"]);
    expect(wasmIn("vite/dist")).toHaveLength(1);
    await serving("vite", [...VITE, "preview", "--host=127.0.0.1"], VITE_READY, callsTool);
  });

  test("vite dev: a tool call in workerd", async () => {
    await serving("vite", [...VITE, "dev", "--host=127.0.0.1"], VITE_READY, callsTool);
  });
});

test("SvelteKit with adapter-cloudflare: a tool call at a route of the app in workerd, and the app's own page", async () => {
  await build("sveltekit", [...VITE, "build"]);
  await serving("sveltekit", await wranglerDev(), WRANGLER_READY, async (url) => {
    await callsTool(url);
    expect(await (await fetch(url)).text()).toContain("<h1>Adder</h1>");
  });
});

test("Next in Node: the build imports the package without its wasm module, and a call says which runtime it needs", async () => {
  await build("next", [...NEXT, "build"]);
  expect(wasmIn("next/.next")).toEqual([]);
  await serving("next", [...NEXT, "start", "--hostname=127.0.0.1"], /Ready in/, async (url, server) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const response = await fetch(`${url}/mcp`, { method: "POST", headers, body });
    expect(response.status).toBe(500);
    expect(server.output()).toContain("This part of mcp-wicket runs only in the Workers runtime");
    expect(server.output()).toContain("code: 'ERR_RUNTIME'");
    expect(await (await fetch(url)).text()).toContain("Adder");
  });
});

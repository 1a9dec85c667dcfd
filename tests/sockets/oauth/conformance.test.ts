/** The official conformance scenarios for authorization servers; the browser that they ask for is scripted. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { freePort } from "../../harness/port.ts";
import { UserAgent } from "../../harness/agent.ts";
import { at } from "../../harness/paths.ts";
import { signInAs } from "../../harness/provider.ts";
import { type Running } from "../../harness/workerd.ts";
import { behindProvider } from "./lib/behind-provider.ts";

let worker: Running;

beforeAll(async () => {
  const set = await behindProvider();
  ({ worker } = set);
  return () => set.stop();
});

interface Check {
  id: string;
  status: string;
  errorMessage?: string;
}

/** Runs all scenarios; `open` is told where the browser has to go. Gives what they checked. */
async function run(args: string[], open: (url: string) => Promise<void>): Promise<Check[]> {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  const cli = at("node_modules/@modelcontextprotocol/conformance/dist/index.js");
  const all = [cli, "authorization", "--url", worker.url, "-o", folder, ...args];
  const child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let opened = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const url = /(http\S+\/authorize\?\S+)\s/.exec(said)?.[1];
      if (!url || opened) return;
      opened = true;
      open(url).catch((error: unknown) => {
        said += String(error);
        child.kill();
      });
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  try {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith("checks.json"),
    );
    const checks = files.flatMap((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Check[]);
    expect(code, `${said}\n${JSON.stringify(checks, null, 2)}`).toBe(0);
    return checks;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("metadata and code grant", async () => {
  // The suite sends no secret wherever the metadata list "none", so it can judge a public client only.
  const token_endpoint_auth_method = "none";
  const port = await freePort();
  const redirect = `http://127.0.0.1:${port}/callback`;
  const registered = await fetch(`${worker.url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Conformance", redirect_uris: [redirect], token_endpoint_auth_method }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  const args = ["--client-id", client_id, "--resource", `${worker.url}/mcp`, "-p", String(port)];
  const checks = await run(args, async (url) => {
    const agent = new UserAgent(fetch);
    const upstream = await agent.decide(url, "allow");
    const callback = await signInAs(agent, upstream, "ada", `${worker.url}/callback`);
    await fetch(await agent.location(callback));
  });
  expect(checks.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["authorization-server-metadata", "authorization-code-grant"]),
  );
  expect(checks.filter(({ status }) => status !== "SUCCESS" && status !== "INFO")).toEqual([]);
}, 60_000);

/** The seed's pattern 1, "No Authentication", as written: its snippet, its client configuration and its curl line. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { beforeAll, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Running, start } from "../harness/workerd.ts";
import { type Project, assemble, typeErrors } from "./lib/assemble.ts";
import { type Certificate, certify, curlHome, fetchOn } from "./lib/tls.ts";

const HOST = "my-mcp.workers.dev";
const seed = readFileSync(at("tests/seed/seed.md"), "utf8");

let project: Project;
let certificate: Certificate;
let worker: Running;

beforeAll(async () => {
  project = assemble("pattern-1");
  certificate = certify(HOST);
  worker = await start(project.config, { tls: certificate });
  return async () => {
    await worker.stop();
    certificate.remove();
    project.remove();
  };
});

/** The text between two others that the seed has once each. */
function between(start: string, end: string): string {
  const [before, after, more] = seed.split(start);
  if (before === undefined || after === undefined || more !== undefined) throw new Error(`not once: ${start}`);
  return after.slice(0, after.indexOf(end));
}

test("the snippet is the seed's, byte for byte", () => {
  expect(project.snippet).toBe(between("Implementation\n", "Client Configuration\n"));
});

test("the prelude has nothing but imports and the environment's type", () => {
  for (const line of project.prelude.split("\n"))
    expect(line).toMatch(/^(import \{ [\w, ]+ \} from "[\w:/-]+";|interface Env \{\}|)$/);
});

test("the configuration has nothing but the class's migration and the runtime", () => {
  const lines = readFileSync(project.config, "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"));
  expect(lines.map((line) => line.split(" = ")[0])).toEqual([
    "name",
    "main",
    "compatibility_date",
    "compatibility_flags",
    "[[migrations]]",
    "tag",
    "new_sqlite_classes",
  ]);
});

test("it type-checks", async () => {
  expect(await typeErrors(project)).toBe("");
});

test("the curl line connects immediately", async () => {
  const section = between("Test No Auth\n", "# Should connect immediately");
  const [line = ""] = section.split("\n");
  expect(line).toBe(`curl https://${HOST}/sse`);
  const env = { PATH: process.env.PATH, CURL_HOME: curlHome(certificate, HOST, worker.port) };
  const curl = spawn("sh", ["-c", `exec ${line}`], { env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    let output = "";
    let complaint = "";
    curl.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    for await (const chunk of curl.stdout) {
      output += String(chunk);
      if (output.includes("\n\n")) break;
    }
    expect(complaint).toBe("");
    expect(output).toMatch(/^event: endpoint\ndata: \/sse\/message\?sessionId=[\w-]+\n\n$/);
  } finally {
    curl.kill();
  }
});

test("the client configuration connects the official client, which lists the tools", async () => {
  const configuration = between("Client Configuration\n", "Pros\n");
  const { mcpServers } = JSON.parse(configuration) as { mcpServers: { "my-mcp": { url: string } } };
  const { url } = mcpServers["my-mcp"];
  expect(url).toBe(`https://${HOST}/sse`);
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new SSEClientTransport(new URL(url), { fetch: fetchOn(worker.port, certificate) }));
  try {
    expect(client.getServerVersion()).toEqual({ name: "MyMCP", version: "0.0.0" });
    // The seed's class registers nothing.
    expect(await client.listTools()).toEqual({ tools: [] });
  } finally {
    await client.close();
  }
});

test("what is not the endpoint is not found", async () => {
  const response = await fetchOn(worker.port, certificate)(`https://${HOST}/`);
  expect(response.status).toBe(404);
  expect(await response.text()).toBe("Not found. The stream is /sse.");
});

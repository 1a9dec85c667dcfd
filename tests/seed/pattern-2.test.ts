/** The seed's pattern 2, "Token Validation", as written: its snippet, its client configuration and its curl lines. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Running, start } from "../harness/workerd.ts";
import { type Project, assemble, typeErrors } from "./lib/assemble.ts";
import { type Certificate, certify, curlHome, fetchOn } from "./lib/tls.ts";

const HOST = "my-mcp.workers.dev";
const SECRET = "a-secret-for-this-test-and-for-nothing-else";
const seed = readFileSync(at("tests/seed/pattern-2/seed.md"), "utf8");

let certificate: Certificate;

beforeAll(() => {
  certificate = certify(HOST);
  return () => certificate.remove();
});

function between(start: string, end: string): string {
  const [before, after, more] = seed.split(start);
  if (before === undefined || after === undefined || more !== undefined) throw new Error(`not once: ${start}`);
  return after.slice(0, after.indexOf(end));
}

/** A token of the server that the snippet names. */
function token(claims: Record<string, unknown> = {}, secret = SECRET): Promise<string> {
  return new SignJWT({ iss: "your-auth-server", aud: "your-mcp-server", sub: "ann", ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime("15 min")
    .sign(new TextEncoder().encode(secret));
}

/** Runs a line of the seed in a shell, until it ends or an event is there. */
async function shell(line: string, worker: Running): Promise<string> {
  const env = { PATH: process.env.PATH, CURL_HOME: curlHome(certificate, HOST, worker.port) };
  const curl = spawn("sh", ["-c", `exec ${line}`], { env, stdio: ["ignore", "pipe", "pipe"] });
  try {
    let output = "";
    for await (const chunk of curl.stdout) {
      output += String(chunk);
      if (output.includes("\n\n")) break;
    }
    return output;
  } finally {
    curl.kill();
  }
}

test("the snippet is the seed's, byte for byte apart from where it imports from", () => {
  const theirs = between("Implementation\n", "Client Configuration\n");
  expect(theirs.split('"agents/mcp"')).toHaveLength(2);
  expect(assemble("pattern-2").snippet).toBe(theirs.replace('"agents/mcp"', '"mcp-wicket/jwt"'));
});

/** The snippet as it is, and with its verifier made for each request. */
const places = [
  ["at module scope", (source: string) => source],
  [
    "inside fetch",
    (source: string) => {
      const made = source.slice(source.indexOf("const verifier"), source.indexOf("export default"));
      return source.replace(made, "").replace("ctx) {\n", `ctx) {\n${made}`);
    },
  ],
] as const;

describe.each(places)("with the verifier %s", (_, placed) => {
  let project: Project;
  let worker: Running;

  beforeAll(async () => {
    project = assemble("pattern-2");
    const source = placed(project.prelude + project.snippet);
    expect(source.split("new JWTVerifier(")).toHaveLength(2);
    writeFileSync(join(project.folder, "worker.ts"), source);
    worker = await start(project.config, { tls: certificate });
    return async () => {
      await worker.stop();
      project.remove();
    };
  });

  test("it type-checks", async () => {
    expect(await typeErrors(project)).toBe("");
  });

  test("the curl lines: without a token it fails, with one it connects", async () => {
    const section = seed.split("# Without token (should fail)\n")[1] ?? "";
    const [without = "", withToken = ""] = section.split("# With token (should succeed)\n");
    expect(without.trim()).toBe(`curl https://${HOST}/sse`);
    expect(await shell(without.trim(), worker)).toBe("Unauthorized");
    expect(withToken).toContain("YOUR_TOKEN");
    const connected = await shell(withToken.trim().replace("YOUR_TOKEN", await token()), worker);
    expect(connected).toMatch(/^event: endpoint\ndata: \/sse\/message\?sessionId=[\w-]+\n\n$/);
    const forged = await token({}, "another-secret-that-is-long-enough-too");
    for (const bad of [forged, await token({ aud: "another-server" }), await token({ iss: "somebody" }), "nonsense"]) {
      expect(await shell(withToken.trim().replace("YOUR_TOKEN", bad), worker)).toBe("Invalid token");
    }
  });

  test("the client configuration connects the official client, and the token's claims reach the tool", async () => {
    const { mcpServers } = JSON.parse(between("Client Configuration\n", "Pros\n")) as {
      mcpServers: { "my-mcp": { url: string; headers: Record<string, string> } };
    };
    const { url, headers } = mcpServers["my-mcp"];
    expect(headers).toEqual({ Authorization: "Bearer YOUR_JWT_TOKEN_HERE" });
    const direct = fetchOn(worker.port, certificate);
    const connect = async (sub: string) => {
      const authorization = `Bearer ${await token({ sub })}`;
      const client = new Client({ name: "test", version: "1.0.0" });
      const authorized: typeof fetch = (input, init) => {
        const sent = new Headers(init?.headers);
        sent.set("authorization", authorization);
        return direct(input, { ...init, headers: sent });
      };
      await client.connect(new SSEClientTransport(new URL(url), { fetch: authorized }));
      return client;
    };
    for (const sub of ["ann", "bob"]) {
      const client = await connect(sub);
      try {
        const result = await client.callTool({ name: "whoami" });
        expect(result.content).toEqual([{ type: "text", text: sub }]);
      } finally {
        await client.close();
      }
    }
  });
});

test("a secret that is missing or weak stops the Worker, with the reason and the fix", async () => {
  const project = assemble("pattern-2");
  const folder = join(project.folder, "weak");
  mkdirSync(folder);
  const toml = readFileSync(project.config, "utf8");
  writeFileSync(project.config, toml.replace(SECRET, "too short"));
  try {
    await expect(start(project.config, { tls: certificate })).rejects.toThrow(
      /`secret` has 9 bytes.*npx mcp-wicket keys/s,
    );
  } finally {
    project.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

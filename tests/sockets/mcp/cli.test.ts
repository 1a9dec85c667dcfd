/** `npx mcp-wicket keys` and `token`: what they print works with another implementation, and what is unwise is said. */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type JSONWebKeySet, type JWK, createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { type Said, cli as run } from "../../harness/cli.ts";
import { modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { start } from "../../harness/workerd.ts";

const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function cli(args: string[], env: Record<string, string> = {}): Promise<Said> {
  const said = await run(args, env);
  return { ...said, out: said.out.trim() };
}

const named = ["--issuer", "auth", "--audience", "mcp"];
const keep = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("a secret, and a token that it signs", async () => {
  const { out: secret } = await cli(["keys"]);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect((await cli(["keys"])).out).not.toBe(secret);
  expect((await cli(["keys", "--alg", "HS512"])).out).toMatch(/^[\w-]{86}$/);
  const args = ["token", ...named, "--subject", "ann", "--scope", "a b", "--claim", "n=1", "--claim", "t=x"];
  const made = await cli(args, { JWT_SECRET: secret });
  expect(made).toMatchObject({ code: 0, err: "" });
  const { payload } = await jwtVerify(made.out, new TextEncoder().encode(secret), { issuer: "auth", audience: "mcp" });
  expect(payload).toMatchObject({ sub: "ann", scope: "a b", n: 1, t: "x" });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
});

test.each(["HS256", "HS384", "HS512"])("a secret for %s, and a token that it signs", async (alg) => {
  const { out: secret } = await cli(["keys", "--alg", alg]);
  const { out } = await cli(["token", ...named, "--alg", alg], { JWT_SECRET: secret });
  const { protectedHeader } = await jwtVerify(out, new TextEncoder().encode(secret), { algorithms: [alg] });
  expect(protectedHeader).toEqual({ alg, typ: "JWT" });
  const short = await cli(["token", ...named, "--alg", alg], { JWT_SECRET: secret.slice(0, 31) });
  expect(short).toMatchObject({ code: 1, out: "", err: expect.stringContaining("bytes)") as unknown });
});

test("an algorithm that does not go with a secret, or with a key", async () => {
  const env = { JWT_SECRET: "a-secret-for-this-test-and-for-nothing-else" };
  expect((await cli(["token", ...named, "--alg", "RS256"], env)).err).toContain("--key FILE");
  expect((await cli(["token", ...named, "--alg", "none"], env)).err).toContain('Unknown algorithm "none"');
  const key = keep("own.json", JSON.stringify(JSON.parse((await cli(["keys", "--alg", "ES256"])).out)));
  expect((await cli(["token", ...named, "--key", key, "--alg", "ES384"])).err).toContain("its own");
});

test.each(["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"])(
  "a key pair for %s, and a token that it signs",
  async (alg) => {
    const { privateJwk, jwks } = JSON.parse((await cli(["keys", "--alg", alg])).out) as {
      privateJwk: JWK;
      jwks: JSONWebKeySet;
    };
    expect(jwks.keys).toHaveLength(1);
    expect(jwks.keys[0]).toMatchObject({ alg, use: "sig", kid: privateJwk.kid });
    expect(Object.keys(jwks.keys[0] ?? {})).not.toContain("d");
    const key = keep(`${alg}.json`, JSON.stringify(privateJwk));
    const { out } = await cli(["token", ...named, "--key", key]);
    const { protectedHeader } = await jwtVerify(out, createLocalJWKSet(jwks), { issuer: "auth", audience: "mcp" });
    expect(protectedHeader).toEqual({ alg, typ: "JWT", kid: privateJwk.kid });
  },
);

test("rotation: the new key joins the old ones", async () => {
  const first = JSON.parse((await cli(["keys", "--alg", "ES256", "--kid", "one"])).out) as { jwks: JSONWebKeySet };
  const set = keep("jwks.json", JSON.stringify(first.jwks));
  const second = JSON.parse((await cli(["keys", "--alg", "ES256", "--kid", "two", "--jwks", set])).out) as {
    jwks: JSONWebKeySet;
  };
  expect(second.jwks.keys.map(({ kid }) => kid)).toEqual(["one", "two"]);
  const again = await cli(["keys", "--alg", "ES256", "--kid", "one", "--jwks", set]);
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('already has a key "one"') as unknown });
});

test("a public key in PEM becomes a JWK; a private one is refused", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = keep("public.pem", publicKey.export({ type: "spki", format: "pem" }).toString());
  const { keys } = JSON.parse((await cli(["keys", "--alg", "RS256", "--from", pem])).out) as JSONWebKeySet;
  expect(keys[0]?.n).toBe(publicKey.export({ format: "jwk" }).n);
  const secret = keep("private.pem", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  expect((await cli(["keys", "--alg", "RS256", "--from", secret])).err).toContain("This is a private key");
  expect((await cli(["keys", "--from", pem])).err).toContain("Set the algorithm");
});

test("long lives: a warning above an hour, a refusal above a day", async () => {
  const env = { JWT_SECRET: "a-secret-for-this-test-and-for-nothing-else" };
  const long = await cli(["token", ...named, "--minutes", "61"], env);
  expect([long.code, long.err]).toEqual([0, expect.stringContaining("more than 60 minutes")]);
  expect((await cli(["token", ...named, "--minutes", "60"], env)).err).toBe("");
  const day = await cli(["token", ...named, "--minutes", "1441"], env);
  expect(day).toMatchObject({ code: 1, out: "", err: expect.stringContaining("24 hours") as unknown });
  for (const minutes of ["0", "-1", "x"]) {
    expect((await cli(["token", ...named, `--minutes=${minutes}`], env)).err).toContain("--minutes must be");
  }
  const past = await cli(["token", ...named, "--claim", "exp=9999999999"], env);
  expect(past.err).toContain("use --minutes");
});

test("help is where people look for it", async () => {
  const usage = expect.stringMatching(/^Usage:\n {2}npx mcp-wicket init/) as unknown;
  for (const args of [["--help"], ["-h"], ["help"], ["keys", "--help"], ["token", "-h"]]) {
    expect(await cli(args), args.join(" ")).toEqual({ code: 0, out: usage, err: "" });
  }
  const unknown = await cli(["token", ...named, "--ttl", "5"]);
  expect(unknown).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/'--ttl'[^]*--help/) as unknown });
});

test("a file that is not what it should be", async () => {
  const token = async (file: string) => (await cli(["token", ...named, "--key", file])).err;
  const gone = join(folder, "gone.json");
  expect(await token(gone)).toBe(`${gone} cannot be read: check its name.\n`);
  expect(await token(keep("no.json", "-----BEGIN"))).toContain("not JSON");
  const { jwks } = JSON.parse((await cli(["keys", "--alg", "ES256"])).out) as { jwks: { keys: [object] } };
  expect(await token(keep("public.json", JSON.stringify(jwks.keys[0])))).toContain("the private key");
  expect(await token(keep("set.json", JSON.stringify(jwks)))).toContain('needs its "alg"');
  expect((await cli(["keys", "--alg", "ES256", "--jwks", keep("no.json", "{")])).err).toContain("not JSON");
  expect((await cli(["keys", "--alg", "ES256", "--from", gone])).err).toContain("cannot be read");
});

test("what is missing is said", async () => {
  expect(await cli([])).toMatchObject({ code: 2, err: expect.stringContaining("Usage:") as unknown });
  expect((await cli(["token"])).err).toContain("--issuer and --audience");
  expect((await cli(["token", ...named], { JWT_SECRET: "short" })).err).toContain("32 bytes");
  expect((await cli(["keys", "--alg", "none"])).err).toContain('Unknown algorithm "none"');
});

describe("API keys", () => {
  interface Made {
    key: string;
    keys: { id: string; name: string; hash: string; scopes?: string[]; expires?: string }[];
  }
  const made = async (args: string[], env = {}) => JSON.parse((await cli(["keys", "--api", ...args], env)).out) as Made;

  test("a key, and a record that lets it in and does not have it", async () => {
    const { key, keys } = await made(["build", "--scope", "a b", "--prefix", "acme"]);
    expect(key).toMatch(/^acme_[a-z2-9]{12}_[\w-]{43}$/);
    expect(keys).toEqual([
      {
        id: key.split("_")[1],
        name: "build",
        hash: expect.stringMatching(/^[\w-]{43}$/) as unknown,
        scopes: ["a", "b"],
        expires: expect.stringMatching(/Z$/) as unknown,
      },
    ]);
    const days = (Date.parse(keys[0]?.expires ?? "") - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
  });

  test("the next joins the list", async () => {
    const { keys } = await made(["build"]);
    const list = keep("keys.json", JSON.stringify(keys));
    expect((await made(["cron", "--list", list])).keys.map(({ name }) => name)).toEqual(["build", "cron"]);
  });

  test("what is unwise or wrong is said", async () => {
    const ever = await cli(["keys", "--api", "build", "--days", "0"]);
    expect(ever.err).toContain("never expires");
    for (const [args, words] of [
      [["--days", "1000"], "--days must be"],
      [["--prefix", "K"], "--prefix must be"],
      [["--alg", "HS256"], "--api can only be combined"],
      [["--list", keep("no-list.json", "{}")], "must be a list of records"],
    ] as const) {
      expect(await cli(["keys", "--api", "build", ...args])).toMatchObject({
        code: 1,
        err: expect.stringContaining(words) as unknown,
      });
    }
    expect((await cli(["keys", "--api", "build"], { API_KEY_PEPPER: "short" })).err).toContain("32 bytes");
  });

  test("the example's README, step by step", async () => {
    const readme = readFileSync(at("examples/api-key/README.md"), "utf8");
    const vars = /^API_KEYS = '(.*)'$/m.exec(readFileSync(at("examples/api-key/wrangler.toml"), "utf8"));
    const worker = await start(at("examples/api-key/wrangler.toml"), { vars: { API_KEYS: vars?.[1] ?? "" } });
    try {
      const line = /^curl http:\/\/127\.0\.0\.1:8787[\s\S]*?(?=\n```)/m.exec(readme)?.[0] ?? "";
      const curl = (command: string) => promisify(execFile)("sh", ["-c", command.replace("8787", String(worker.port))]);
      expect((await curl(line)).stdout).toContain('"text":"demo"');
      for (const bad of [line.replace(/ +-H "Authorization.*\\\n/, ""), line.replace("wk_demo_b", "wk_demo_c")]) {
        expect(bad).not.toBe(line);
        expect((await curl(`${bad} -o /dev/null -w '%{http_code}'`)).stdout).toBe("401");
      }
    } finally {
      await worker.stop();
    }
    const [, args = ""] = /^npx mcp-wicket keys (--api build-server.*)$/m.exec(readme) ?? [];
    const { key, keys } = JSON.parse((await cli(["keys", ...args.replaceAll('"', "").split(" ")])).out) as Made;
    const own = await start(at("examples/api-key/wrangler.toml"), { vars: { API_KEYS: JSON.stringify(keys) } });
    try {
      const call = modern(`${own.url}/mcp`, "tools/call", { name: "publish", arguments: { text: "hello" } });
      call.headers.set("authorization", `Bearer ${key}`);
      expect(await (await fetch(call)).text()).toContain("Published 5 characters.");
    } finally {
      await own.stop();
    }
  });
});

#!/usr/bin/env node
/** `npx mcp-wicket`: the command line. Plain Node, from version 20 on. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { apiKey } from "./api-key.js";
import { verifyAudit } from "./audit.js";
import { keys } from "./keys.js";
import { token } from "./token.js";

const USAGE = `Usage:
  npx mcp-wicket keys [--alg HS256] [--kid NAME] [--jwks FILE] [--from FILE.pem]
      A new secret, or a key pair with its key set (--alg ES256, RS256, EdDSA, …). With --jwks the new key joins that set,
      which is how keys rotate. With --from a public key in PEM is written as a JWK.
  npx mcp-wicket keys --api NAME [--prefix wk] [--scope "a b"] [--days 90] [--list FILE]
      A new API key for NAME, and the list of records that the server keeps: with --list the new record joins that list.
      If API_KEY_PEPPER is set, it goes into the hash.
  npx mcp-wicket token --issuer ISSUER --audience AUDIENCE [--subject NAME] [--scope "a b"] [--minutes 15]
                       [--claim NAME=VALUE]… [--alg HS256] [--key FILE]
      A token for trying out, signed with JWT_SECRET from the environment or with a private JWK.
  npx mcp-wicket audit verify FILE [--from CHAIN:SEQ:MAC]… [--without-secret]
      Whether the chains in exported audit events are whole: lines of the log, or rows of wicket_audit as JSON. The MACs are
      checked with WICKET_SECRET from the environment (current,previous,…). Exit code 1 where something is wrong, 2 where
      records cannot be verified: under a secret that is not given, or without those before them. --from names the record
      up to which a chain is elsewhere; a run prints it for the next one.
`;

const text = { type: "string" } as const;

const HELP = ["--help", "-h", "help"];

async function run(words: string[]): Promise<void> {
  const [command, ...args] = words;
  if (HELP.includes(command ?? "") || args.includes("--help") || args.includes("-h")) {
    process.stdout.write(USAGE);
    return;
  }
  if (command === "keys") {
    const forApi = { api: text, prefix: text, scope: text, days: text, list: text };
    const { values } = parseArgs({ args, options: { alg: text, kid: text, jwks: text, from: text, ...forApi } });
    if (values.api !== undefined) {
      await makeApiKey(values as Record<string, string | undefined> & { api: string });
      return;
    }
    const { alg, kid, jwks, from } = values as Record<string, string | undefined>;
    const options = { alg, kid, jwks: jwks && contentOf(jwks), pem: from && contentOf(from) };
    process.stdout.write(`${await keys(options)}\n`);
    return;
  }
  if (command === "token") {
    const options = { issuer: text, audience: text, subject: text, scope: text, minutes: text, alg: text, key: text };
    const { values } = parseArgs({ args, options: { ...options, claim: { ...text, multiple: true } } });
    const { claim, key, ...others } = values as Record<string, string | undefined> & { claim?: never };
    const made = await token({
      ...others,
      claims: claim,
      key: key && contentOf(key),
      secret: process.env.JWT_SECRET,
    });
    if (made.warning !== undefined) process.stderr.write(`${made.warning}\n`);
    process.stdout.write(`${made.token}\n`);
    return;
  }
  if (command === "audit" && args[0] === "verify") {
    await audit(args.slice(1));
    return;
  }
  process.stderr.write(USAGE);
  process.exitCode = 2;
}

async function audit(args: string[]): Promise<void> {
  const options = { "without-secret": { type: "boolean" }, from: { type: "string", multiple: true } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [file, more] = positionals;
  if (file === undefined || more !== undefined) throw new Error("Name one file: npx mcp-wicket audit verify FILE");
  const { WICKET_SECRET: secret } = process.env;
  if ((secret ?? "") === "" && !values["without-secret"]) {
    throw new Error(
      "Set WICKET_SECRET to the server's secret: without it a change does not show. --without-secret looks for gaps alone.",
    );
  }
  const secrets = values["without-secret"] ? undefined : secret;
  const { report, wrong, unverified } = await verifyAudit({
    text: contentOf(file),
    secrets,
    from: values.from as string[] | undefined,
  });
  process.stdout.write(`${report}\n`);
  if (wrong || unverified > 0) process.exitCode = wrong ? 1 : 2;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Error(`${file} cannot be read: is that its name?`);
  }
}

async function makeApiKey({
  api,
  list,
  ...others
}: Record<string, string | undefined> & { api: string }): Promise<void> {
  if (others.alg !== undefined || others.kid !== undefined || others.jwks !== undefined || others.from !== undefined) {
    throw new Error("--api goes with --prefix, --scope, --days and --list only.");
  }
  if (api === "") throw new Error("Say whose key it is: --api NAME.");
  const { API_KEY_PEPPER: pepper } = process.env;
  const made = await apiKey({ ...others, name: api, list: list && contentOf(list), pepper });
  if (made.warning !== undefined) process.stderr.write(`${made.warning}\n`);
  process.stdout.write(`${made.text}\n`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const { code = "", message } = error as Error & { code?: string };
  const hint = code.startsWith("ERR_PARSE_ARGS") ? "\n`npx mcp-wicket --help` lists what there is." : "";
  process.stderr.write(`${message}${hint}\n`);
  process.exitCode = 1;
}

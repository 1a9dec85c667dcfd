#!/usr/bin/env node
/** `npx mcp-wicket`: the command line. Plain Node, from version 22.12 on. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { apiKey } from "./api-key.js";
import { verifyAudit } from "./audit.js";
import { CLIENTS, clientConfig } from "./client-config.js";
import { CREATE_USAGE, create } from "../create/create.js";
import { doctor } from "./doctor/doctor.js";
import { keys } from "./keys.js";
import { OPERATOR_USAGE, auditRows, operator } from "./operator.js";
import { MIGRATE_USAGE, migrate } from "./migrate/migrate.js";
import { token } from "./token.js";

const USAGE = `Usage:
  npx mcp-wicket init ${CREATE_USAGE}  npx mcp-wicket keys [--alg HS256] [--kid NAME] [--jwks FILE] [--from FILE.pem]
      Creates a secret, or a key pair with its key set (--alg ES256, RS256, EdDSA, …). With --jwks, adds the new key to that
      set, to rotate keys. With --from, converts a PEM public key to a JWK.
  npx mcp-wicket keys --api NAME [--prefix wk] [--scope "a b"] [--days 90] [--list FILE]
      Creates an API key for NAME, and the list of records for the server: with --list, adds the new record to that list.
      If API_KEY_PEPPER is set, it is mixed into the hash.
  npx mcp-wicket token --issuer ISSUER --audience AUDIENCE [--subject NAME] [--scope "a b"] [--minutes 15]
                       [--claim NAME=VALUE]… [--alg HS256] [--key FILE]
      Creates a token for trials, signed with JWT_SECRET from the environment or with a private JWK.
  npx mcp-wicket audit verify (FILE | --d1 URL) [--from CHAIN:SEQ:MAC]… [--without-secret]
      Checks whether the chains in exported audit events are complete: lines of the log, or rows of wicket_audit as JSON. --d1
      reads the rows from the server at URL, with the token in WICKET_OPERATOR_TOKEN. The MACs are checked with WICKET_SECRET from
      the environment (current,previous,…). The exit code is 1 for errors, and 2 if records cannot be verified: with a secret that
      is not given, or without the records before them. --from names the last record of a chain that was verified before; each
      run prints it for the next one.
${OPERATOR_USAGE}  npx mcp-wicket client-config [--client NAME] [--header "Authorization: Bearer …"] URL
      Prints how clients are connected to the server at URL: their configuration, its file, and a link that installs it. With
      --client, only the configuration goes to the standard output. NAME is one of
      ${Object.keys(CLIENTS).join(", ")}.
  npx mcp-wicket doctor [FOLDER | URL] [--json]
      Looks for mistakes in the project in FOLDER, by default the current folder, or at the MCP endpoint at URL, where it does
      what clients do when they connect: it sends requests and registers one client. The exit code is 0 if nothing was found,
      1 if something was, and 2 if it could not look.
  npx mcp-wicket migrate ${MIGRATE_USAGE}`;

const text = { type: "string" } as const;

const HELP = ["--help", "-h", "help"];

async function run(words: string[]): Promise<void> {
  const [command, ...args] = words;
  if (HELP.includes(command ?? "") || args.includes("--help") || args.includes("-h")) {
    process.stdout.write(USAGE);
    return;
  }
  if (command === "init") {
    await create(args, versionOfPackage());
    return;
  }
  if (command === "migrate") {
    await migrate(args, versionOfPackage());
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
  if (command === "grants" || command === "clients") {
    const output = await operator(words, process.env.WICKET_OPERATOR_TOKEN);
    if (output !== undefined) {
      process.stdout.write(output.text);
      if (output.note !== undefined) process.stderr.write(`${output.note}\n`);
      process.exitCode = output.exitCode;
      return;
    }
  }
  if (command === "client-config") {
    const options = { client: text, header: text };
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [url, more] = positionals;
    if (more !== undefined) throw new Error(`Specify only one URL: leave out "${more}".`);
    const made = clientConfig({ url, ...(values as { client?: string; header?: string }) });
    if (made.how !== undefined) process.stderr.write(`${made.how}\n\n`);
    process.stdout.write(`${made.text}\n`);
    return;
  }
  if (command === "doctor") {
    const { values, positionals } = parseArgs({ args, options: { json: { type: "boolean" } }, allowPositionals: true });
    const [target, more] = positionals;
    if (more !== undefined) throw new Error(`Specify only one folder or URL: leave out "${more}".`);
    const report = await doctor(target, values.json === true);
    process.stdout.write(report.text);
    if (report.error !== undefined) process.stderr.write(`${report.error}\n`);
    process.exitCode = report.exitCode;
    return;
  }
  process.stderr.write(USAGE);
  process.exitCode = 2;
}

async function audit(args: string[]): Promise<void> {
  const options = {
    "without-secret": { type: "boolean" },
    d1: text,
    from: { type: "string", multiple: true },
  } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [file, more] = positionals;
  const d1 = values.d1 as string | undefined;
  if ((file === undefined) === (d1 === undefined) || more !== undefined)
    throw new Error("Specify exactly one file or server: npx mcp-wicket audit verify FILE, or --d1 URL");
  const { WICKET_SECRET: secret } = process.env;
  if ((secret ?? "") === "" && !values["without-secret"]) {
    throw new Error(
      "Set WICKET_SECRET to the server's secret: without it, modifications are not detected. --without-secret only looks for gaps.",
    );
  }
  const secrets = values["without-secret"] ? undefined : secret;
  const { report, wrong, unverified } = await verifyAudit({
    text: d1 === undefined ? contentOf(file ?? "") : await auditRows(d1, process.env.WICKET_OPERATOR_TOKEN),
    secrets,
    from: values.from as string[] | undefined,
  });
  process.stdout.write(`${report}\n`);
  if (wrong || unverified > 0) process.exitCode = wrong ? 1 : 2;
}

function versionOfPackage(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Error(`${file} cannot be read: check its name.`);
  }
}

async function makeApiKey({
  api,
  list,
  ...others
}: Record<string, string | undefined> & { api: string }): Promise<void> {
  if (others.alg !== undefined || others.kid !== undefined || others.jwks !== undefined || others.from !== undefined) {
    throw new Error("--api can only be combined with --prefix, --scope, --days and --list.");
  }
  if (api === "") throw new Error("Set the name of the key's owner: --api NAME.");
  const { API_KEY_PEPPER: pepper } = process.env;
  const made = await apiKey({ ...others, name: api, list: list && contentOf(list), pepper });
  if (made.warning !== undefined) process.stderr.write(`${made.warning}\n`);
  process.stdout.write(`${made.text}\n`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const { code = "", message } = error as Error & { code?: string };
  const hint = code.startsWith("ERR_PARSE_ARGS") ? "\nSee `npx mcp-wicket --help`." : "";
  process.stderr.write(`${message}${hint}\n`);
  process.exitCode = 1;
}

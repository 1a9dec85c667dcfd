/**
 * The files of `tests/vectors/golden/` have the types of `js/wire.ts`: the compiler itself says so. (An `import` of JSON
 * would widen every string, and `"fetch"` is not any string.)
 */
import { readFileSync, readdirSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { at } from "../harness/paths.ts";

const folder = at("tests/vectors/golden");

/** The type of the files whose names begin like this; those of outcomes cross as they are and have none. */
const types: [start: string, type: string | undefined][] = [
  ["access-input", "AccessInput"],
  ["admitted-", "Admitted"],
  ["answer", "Answer"],
  ["commit-", "Commit"],
  ["core-config", "CoreConfig"],
  ["counted-", "CountedInput"],
  ["effect-", "Effect"],
  ["external-input", "ExternalInput"],
  ["failures", "Failure[]"],
  ["found-", "FoundText"],
  ["guard-input", "GuardInput"],
  ["guarded-", "Guarded"],
  ["jwt-input", "VerifierInput"],
  ["mcp-input", undefined],
  ["metadata-input", "MetadataInput"],
  ["oauth-input", "OAuthInput"],
  ["outcome", undefined],
  ["placed-", "Placed"],
  ["reply-", "Reply"],
  ["server-config", "ServerConfig"],
  ["refused-input", "RefusedInput"],
  ["step-", "Step<Answer>"],
  ["tell-input", "TellInput"],
  ["told-", "Told"],
  ["upstream-token", "UpstreamToken"],
  ["due", "Due"],
  ["settled", "Settled"],
  ["upstream-", "UpstreamEffect"],
  ["verified-", "Verified"],
  ["untold", "Untold"],
  ["wanted", "UpstreamInput"],
];

const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const typeOf = (file: string) => types.find(([start]) => file.startsWith(start));

/** The types that files are of in `js/oauth/wire.ts`. */
const ofTheServer = [
  "AccessInput",
  "Admitted",
  "ExternalInput",
  "OAuthInput",
  "Reply",
  "ServerConfig",
  "UpstreamInput",
  "UpstreamToken",
  "Due",
  "Settled",
  "Untold",
  "Verified",
];
const exportedBy = (file: string) =>
  [...readFileSync(at(file), "utf8").matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name = ""]) => name);

/** What the compiler has to say about `json satisfies type`, for each pair. */
function complaints(pairs: [json: string, type: string][]): string[] {
  const checked = at("tests/vectors/golden/checked.ts");
  const imported = [...new Set(pairs.map(([, type]) => type.match(/\w+/g) ?? []).flat())];
  const lines = pairs.map(([json, type]) => `(${json.replaceAll("\n", " ")}) satisfies ${type};`);
  const places: [string, (name: string) => boolean][] = [
    ["wire.js", (name) => !ofTheServer.includes(name)],
    ["oauth/wire.js", (name) => ofTheServer.includes(name)],
  ];
  const imports = places.map(
    ([file, isThere]) => `import type { ${imported.filter(isThere).join(", ")} } from "../../../js/${file}";`,
  );
  const source = [...imports, ...lines].join("\n");
  const parsed = ts.getParsedCommandLineOfConfigFile(
    at("tsconfig.json"),
    { noEmit: true },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
      },
    },
  );
  const { rootDir: _root, ...options } = parsed?.options ?? {};
  const host = ts.createCompilerHost(options);
  const onDisk = host.readFile.bind(host);
  const exists = host.fileExists.bind(host);
  host.readFile = (name) => (name === checked ? source : onDisk(name));
  host.fileExists = (name) => name === checked || exists(name);
  const program = ts.createProgram([checked], options, host);
  const diagnostics = ts.getPreEmitDiagnostics(program, program.getSourceFile(checked));
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}

test("every file has a type", () => {
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => !typeOf(file))).toEqual([]);
});

test("every type has a file", () => {
  expect(types.filter(([start]) => !files.some((file) => file.startsWith(start)))).toEqual([]);
  const exported = [...exportedBy("js/wire.ts"), ...exportedBy("js/oauth/wire.ts")];
  const inside = [
    "ListenEffect",
    "RoundsSoFar",
    "RunEffect",
    "ListEffect",
    "CallEffect",
    "GetEffect",
    "ReadEffect",
    "CompleteEffect",
    "FetchEffect",
    "Splice",
    "Refusal",
    "Refused",
    "AskEffect",
    "RowsEffect",
    "DocumentEffect",
    "NewKeyEffect",
    "SignEffect",
    "VerifyEffect",
    "VerifyShownEffect",
    "FoundCaller",
    "McpInput",
    "StoreCommit",
    "RowsCommit",
    "KeepCommit",
    "AuditCommit",
    "ReceiptCommit",
    "RememberCommit",
  ];
  const code = [
    "OAuthCore",
    "OAuthCoreClass",
    "OAuthConfig",
    "EndpointName",
    "StepMethod",
    "Core",
    "BearerCore",
    "VerifierCore",
    "CoreClass",
    "TestingCore",
    "TestingCoreClass",
  ];
  const known = [...types.map(([, type]) => /\w+/.exec(type ?? "")?.[0]), ...inside, ...code];
  expect(exported.filter((name) => !known.includes(name))).toEqual([]);
});

test("every file is of its type", () => {
  const pairs = files.flatMap((file): [string, string][] => {
    const type = typeOf(file)?.[1];
    return type === undefined ? [] : [[readFileSync(`${folder}/${file}`, "utf8"), type]];
  });
  expect(complaints(pairs)).toEqual([]);
});

test("a file that is not of its type is noticed", () => {
  const wrong = complaints([
    ['{"kind":"fetsh","url":"","method":"GET","headers":[]}', "Effect"],
    ['{"kind":"load"}', "Effect"],
    ['{"status":200,"headers":[],"boddy":""}', "Answer"],
    ['["late"]', "Failure[]"],
  ]);
  expect(wrong).toHaveLength(4);
});

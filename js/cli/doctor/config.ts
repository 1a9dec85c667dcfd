/** The configuration of Wrangler, and what the code expects of it. */
import { type Finding, finding } from "./findings.js";
import { formOf } from "./code.js";
import { parseJsonc } from "./jsonc.js";
import { type Source, literalAt, matches, partsAt, place } from "./source.js";
import { parseToml } from "./toml.js";

type Json = Record<string, unknown>;

export interface Config {
  /** The name of its file. */
  file: string;
  all: Json;
}

/** Throws with what is wrong. */
export function configOf(file: string, text: string): Config {
  const all = file.endsWith(".toml") ? parseToml(text) : parseJsonc(text);
  if (!isJson(all)) throw new Error("it must be an object");
  return { file, all };
}

export interface Project {
  config: Config;
  sources: readonly Source[];
  /** Names and values of `.dev.vars`. */
  localSecrets: ReadonlyMap<string, string>;
  /** The scripts of package.json. */
  scripts: Readonly<Record<string, string>>;
}

export function inspectConfig(project: Project, now = Date.now()): Finding[] {
  const { config } = project;
  const named = Object.entries(isJson(config.all["env"]) ? config.all["env"] : {}).filter(
    (entry): entry is [string, Json] => isJson(entry[1]),
  );
  const shared = runtimeFindings(project, now);
  const places: [string, Json][] = [[config.file, config.all]];
  for (const [name, own] of named) places.push([`${config.file} env.${name}`, own]);
  return [
    ...shared,
    ...places.flatMap(([where, own]) => [...variables(where, own), ...missingBindings(project, where, own)]),
    ...objects(project),
    ...secretNames(project),
    ...development(project, places),
  ];
}

const SECRET_VARIABLE =
  /(?:^|_)(?:SECRET|PASSWORD|PASSPHRASE|PRIVATE_KEY|SIGNING_KEY|API_KEY|APIKEY|TOKEN|PEPPER)(?:_\d+)?$/i;

function variables(where: string, { vars }: Json): Finding[] {
  if (!isJson(vars)) return [];
  return Object.entries(vars).flatMap(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value ?? "");
    const form = formOf(text) ?? (/:\/\/[^/\s:@]+:[^/\s@]+@/.test(text) ? "a URL with a password" : undefined);
    const isSecret = SECRET_VARIABLE.test(name) && typeof value === "string" && value !== "";
    if (!isSecret && form === undefined) return [];
    return [
      finding(
        "secret_in_config",
        where,
        form ? `The variable ${name} contains ${form}.` : `The variable ${name} is a secret.`,
      ),
    ];
  });
}

const OURS = /["']mcp-wicket(?:\/\w+)?["']/;
const FIRST_WITHOUT_BINDINGS = "2025-11-17";

function runtimeFindings({ config: { file, all }, sources }: Project, now: number): Finding[] {
  const found: Finding[] = [];
  const date = all["compatibility_date"];
  if (typeof date !== "string" || !/^\d{4}-\d\d-\d\d$/.test(date)) {
    found.push(finding("date_missing", file, "There is no compatibility_date of the form YYYY-MM-DD."));
  } else if (Date.parse(date) > now + 86_400_000) {
    found.push(finding("date_future", file, `compatibility_date is ${date}.`));
  }
  const flags = textsOf(all["compatibility_flags"]);
  const code = sources.filter((source) => !source.isTest);
  if (!code.some((source) => OURS.test(source.code))) return found;
  const usesAuthorization = code.some((source) => matches(source, /\bnew\s+OAuthProvider\b/).length > 0);
  const refusesDocuments = code.some(
    (source) => matches(source, /\ballowClientIdMetadataDocuments\s*:\s*false\b/).length > 0,
  );
  const wanted = ["enable_request_signal"];
  if (usesAuthorization && !refusesDocuments) wanted.push("global_fetch_strictly_public");
  for (const flag of wanted) {
    if (!flags.includes(flag)) found.push(finding("flag_missing", file, `compatibility_flags has no ${flag}.`));
  }
  return found;
}

const BINDING_TYPE =
  /^(?:KVNamespace|D1Database|DurableObjectNamespace|R2Bucket|Queue|RateLimit|RateLimiter|Fetcher|Service|Ai|VectorizeIndex|Hyperdrive|AnalyticsEngineDataset|Workflow|ImagesBinding|SendEmail)\b/;

/** Bindings that the code's `Env` has, or that it passes as `kv`, and that the configuration lacks. */
function missingBindings({ sources }: Project, where: string, own: Json): Finding[] {
  const known = bindingNames(own);
  const wanted = new Map<string, string>();
  for (const source of sources.filter(({ isTest }) => !isTest)) {
    for (const { name, type, isOptional, at } of environment(source)) {
      if (!isOptional && BINDING_TYPE.test(type)) wanted.set(name, place(source, at));
    }
    for (const match of matches(source, /\bkv\s*:\s*\(\s*(\w+)[^()]*\)\s*=>\s*\1\.(\w+)/)) {
      if (match[2] !== undefined) wanted.set(match[2], place(source, match.index));
    }
  }
  return [...wanted]
    .filter(([name]) => !known.has(name))
    .map(([name, at]) => finding("binding_missing", where, `There is no binding ${name}, which ${at} uses.`));
}

/** Every name under which the configuration binds something. */
function bindingNames(own: Json): Set<string> {
  const names = new Set<string>();
  const collect = (value: unknown) => {
    if (Array.isArray(value)) value.forEach(collect);
    if (!isJson(value)) return;
    if (typeof value["binding"] === "string") names.add(value["binding"]);
    if (typeof value["name"] === "string") names.add(value["name"]);
    for (const [member, inner] of Object.entries(value)) if (member !== "env") collect(inner);
  };
  const { name: _name, ...rest } = own;
  collect(rest);
  return names;
}

interface EnvMember {
  name: string;
  type: string;
  isOptional: boolean;
  at: number;
}

/** The members of each `interface Env`. */
function environment(source: Source): EnvMember[] {
  return matches(source, /\binterface\s+(?:Env|CloudflareEnv)\b[^{;]*(?=\{)/).flatMap((match) => {
    const open = match.index + match[0].length;
    const close = partsAt(source, open).at(-1)?.end ?? open;
    const body = source.bare.slice(open + 1, close);
    return [...body.matchAll(/(?<=^|[;,\n])\s*(?:readonly\s+)?(\w+)(\??)\s*:\s*([^;\n]+)/g)].map((member) => ({
      name: member[1] ?? "",
      type: (member[3] ?? "").trim(),
      isOptional: member[2] === "?",
      at: open + 1 + member.index + member[0].length,
    }));
  });
}

/** A class that stores something, by its code. */
interface StoringClass {
  name: string;
  where: string;
}

function storingClasses(sources: readonly Source[]): StoringClass[] {
  return sources
    .filter(({ isTest }) => !isTest)
    .flatMap((source) => [
      ...matches(source, /\bexport\s+(?:default\s+)?class\s+(\w+)\s+extends\s+McpAgent\b[^{]*(?=\{)/).flatMap(
        (match) => {
          const name = match[1] ?? "";
          const open = match.index + match[0].length;
          const body = source.bare.slice(open, partsAt(source, open).at(-1)?.end);
          const isStoring =
            /\b(?:initialState|setState)\b|\bthis\.sql\b|\bstatic\s+placement\b/.test(body) ||
            sources.some(({ bare }) => new RegExp(`\\b${name}\\.(?:serveSSE|mount)\\b`).test(bare));
          return isStoring ? [{ name, where: place(source, match.index) }] : [];
        },
      ),
      ...matches(source, /\bexport\s*\{[^}]*\bWicketObject\b[^}]*\}/).map(({ index }) => ({
        name: "WicketObject",
        where: place(source, index),
      })),
    ]);
}

function objects({ config: { file, all }, sources }: Project): Finding[] {
  const found: Finding[] = [];
  const migrations = listOf(all["migrations"]);
  const withRows = migrations.flatMap((step) => textsOf(step["new_sqlite_classes"]));
  const plain = migrations.flatMap((step) => textsOf(step["new_classes"]));
  const renamed = migrations.flatMap((step) =>
    [...listOf(step["renamed_classes"]), ...listOf(step["transferred_classes"])].map((entry) => String(entry["to"])),
  );
  const created = new Set([...withRows, ...plain, ...renamed]);
  const bound = listOf(isJson(all["durable_objects"]) ? all["durable_objects"]["bindings"] : undefined)
    .filter((binding) => binding["script_name"] === undefined)
    .map((binding) => String(binding["class_name"]));
  const storing = storingClasses(sources);
  for (const name of new Set([...bound, ...storing.map((each) => each.name)])) {
    const where = storing.find((each) => each.name === name)?.where ?? file;
    if (!created.has(name))
      found.push(finding("migration_missing", file, `No migration creates the class ${name} (${where}).`));
  }
  for (const name of new Set(storing.map((each) => each.name))) {
    if (plain.includes(name)) found.push(finding("migration_not_sqlite", file, `new_classes creates ${name}.`));
    const isReached = bound.includes(name) || textsOf(all["compatibility_flags"]).includes("enable_ctx_exports");
    const date = all["compatibility_date"];
    if (typeof date === "string" && date < FIRST_WITHOUT_BINDINGS && !isReached) {
      found.push(finding("date_old", file, `compatibility_date is ${date}, and ${name} has no binding.`));
    }
  }
  const code = sources.filter(({ isTest }) => !isTest);
  for (const name of new Set([...bound, ...withRows])) {
    const isExported = code.some(
      (source) =>
        new RegExp(
          `\\bexport\\s+(?:default\\s+)?(?:abstract\\s+)?(?:class|const)\\s+${name}\\b|\\bexport\\s*(?:const\\s*|let\\s*|var\\s*)?\\{[^}]*\\b${name}\\b`,
        ).test(source.bare) || /\bexport\s*\*\s*from\s*["'][^.]/.test(source.code),
    );
    const isGone = migrations.some(
      (step) =>
        textsOf(step["deleted_classes"]).includes(name) ||
        listOf(step["renamed_classes"]).some((entry) => entry["from"] === name),
    );
    if (code.length > 0 && !isExported && !isGone) {
      found.push(finding("class_missing", file, `The class ${name} is not exported by the code.`));
    }
  }
  const [provider] = code.flatMap((source) =>
    matches(source, /\bnew\s+OAuthProvider\b/).map(({ index }) => place(source, index)),
  );
  if (provider !== undefined && created.size === 0 && bound.length === 0 && storing.length === 0) {
    found.push(
      finding("object_missing", file, `There is no Durable Object class for the OAuthProvider of ${provider}.`),
    );
  }
  return found;
}

const DEVELOPMENT = /^MCP_WICKET_DEVELOPMENT$/;
/** What wrangler itself reads from the environment. */
const OF_WRANGLER = /^(?:CLOUDFLARE|WRANGLER|CF)_/;

function secretNames({ config: { all }, sources, localSecrets }: Project): Finding[] {
  const vars = new Set(Object.keys(isJson(all["vars"]) ? all["vars"] : {}));
  const required = new Set(textsOf(isJson(all["secrets"]) ? all["secrets"]["required"] : undefined));
  const wanted = new Map<string, string>();
  for (const name of localSecrets.keys()) wanted.set(name, ".dev.vars");
  for (const source of sources.filter(({ isTest }) => !isTest)) {
    for (const { name, type, isOptional, at } of environment(source)) {
      if (!isOptional && /^string\b/.test(type)) wanted.set(name, place(source, at));
    }
  }
  const unknown = [...wanted].filter(
    ([name]) => !vars.has(name) && !required.has(name) && !DEVELOPMENT.test(name) && !OF_WRANGLER.test(name),
  );
  return [
    ...unknown.map(([name, where]) => finding("secret_unknown", where, `The configuration does not know ${name}.`)),
    ...weakSecrets(sources, localSecrets),
  ];
}

/** Secrets of which this server makes keys: its own, and those that verifiers read. Providers issue the others. */
function weakSecrets(sources: readonly Source[], localSecrets: ReadonlyMap<string, string>): Finding[] {
  const names = new Set(["WICKET_SECRET", "API_KEY_PEPPER", "JWT_SECRET"]);
  for (const source of sources) {
    for (const match of matches(source, /\b(?:secret|pepper)\s*:[^,;{}]*?\benv\b[^,;{}]*?\.(\w+)/))
      names.add(match[1] ?? "");
  }
  return [...localSecrets].flatMap(([name, value]) => {
    if (!names.has(name) || value === "") return [];
    const weak = value.split(",").some((part) => isWeak(part.trim()));
    return weak ? [finding("weak_secret", ".dev.vars", `${name} is too short or too simple.`)] : [];
  });
}

function isWeak(secret: string): boolean {
  const bytes = new TextEncoder().encode(secret).length;
  return bytes < 32 || new Set(secret).size < 10;
}

function development({ config, sources, scripts }: Project, places: readonly [string, Json][]): Finding[] {
  const set = places.flatMap(([where, { vars }]) =>
    Object.entries(isJson(vars) ? vars : {})
      .filter(([name, value]) => DEVELOPMENT.test(name) && value !== "" && value !== false)
      .map(([name]) => finding("development_in_production", where, `The variable ${name} is set.`)),
  );
  const { main: entry } = config.all;
  const main = typeof entry === "string" ? entry.replace(/^\.\//, "") : "";
  const imported = sources
    .filter(({ path }) => path === main)
    .flatMap((source) =>
      matches(source, /\bfrom\s*(?=["'])/)
        .filter(({ index, 0: { length } }) => literalAt(source, index + length) === "mcp-wicket/development")
        .map(({ index }) =>
          finding(
            "development_in_production",
            place(source, index),
            "The main module imports the development sign-in.",
          ),
        ),
    );
  const script = scripts["deploy"] ?? "";
  const deployed = /\bsrc\/development\b|MCP_WICKET_DEVELOPMENT/.test(script)
    ? [finding("development_in_production", "package.json", "The script `deploy` deploys the development sign-in.")]
    : [];
  return [...set, ...imported, ...deployed];
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

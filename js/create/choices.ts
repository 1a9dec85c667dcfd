/** What a new project is made of: flags, and questions for what they leave open. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

export const PATTERNS = ["none", "jwt", "api-key", "oauth"] as const;
export const PROVIDERS = ["github", "google", "azure", "oidc"] as const;
export const TRANSPORTS = ["http", "session"] as const;

export type Pattern = (typeof PATTERNS)[number];
export type ProviderName = (typeof PROVIDERS)[number];
export type Transport = (typeof TRANSPORTS)[number];

export interface Choices {
  /** The folder, as given. */
  folder: string;
  /** The Worker's name. */
  name: string;
  pattern: Pattern;
  /** Only with the pattern `oauth`. */
  provider: ProviderName;
  transport: Transport;
  /** What package.json says under `mcp-wicket`: a version range, or `file:` and a tarball. */
  dependency: string;
}

/** Asks a person for one of `options`, or for a text if there are none; an empty answer means `preset`. */
export type Ask = (question: string, options: readonly Option[], preset: string) => Promise<string>;

export interface Option {
  value: string;
  /** What it means, in a few words. */
  label: string;
}

const QUESTIONS: Record<"pattern" | "provider" | "transport", { question: string; options: readonly Option[] }> = {
  pattern: {
    question: "Who may use the server?",
    options: [
      { value: "none", label: "everyone: no authentication" },
      { value: "jwt", label: "programs with a token (JWT) of your own issuer" },
      { value: "api-key", label: "programs with an API key" },
      { value: "oauth", label: "people who sign in" },
    ],
  },
  provider: {
    question: "Where do people sign in?",
    options: [
      { value: "github", label: "GitHub" },
      { value: "google", label: "Google" },
      { value: "azure", label: "Microsoft Entra ID" },
      { value: "oidc", label: "another OpenID provider" },
    ],
  },
  transport: {
    question: "Does the server have to remember something between calls?",
    options: [
      { value: "http", label: "no: streamable HTTP without storage" },
      { value: "session", label: "yes: an agent with a Durable Object for each session" },
    ],
  },
};

const FLAGS = "--pattern, --provider, --transport, --package and --help";
const text = { type: "string" } as const;

/** The flags as given. Throws for unknown ones, with the known ones. */
export function flagsOf(args: string[]): { folder: string | undefined; values: Record<string, string | undefined> } {
  let parsed;
  try {
    const options = { pattern: text, provider: text, transport: text, package: text };
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const [, flag = "A flag"] = /'(-[^' ]*)/.exec((error as Error).message) ?? [];
    const { code } = error as { code?: string };
    throw new Error(
      code === "ERR_PARSE_ARGS_UNKNOWN_OPTION"
        ? `${flag} is not a flag. There are ${FLAGS}.`
        : `${flag} needs a value: ${flag} VALUE.`,
      { cause: error },
    );
  }
  const [folder, more] = parsed.positionals;
  if (more !== undefined) throw new Error(`Only one folder can be made: leave out "${more}".`);
  return { folder, values: parsed.values as Record<string, string | undefined> };
}

/** All choices. Throws if a flag is wrong, or if one is missing and nobody can be asked. */
export async function choicesOf(args: string[], version: string, ask: Ask | undefined): Promise<Choices> {
  const { folder: given, values } = flagsOf(args);
  for (const flag of ["pattern", "provider", "transport"] as const) checkFlag(flag, values[flag]);
  const { provider: providerFlag, pattern: patternFlag } = values;
  if (providerFlag !== undefined && patternFlag !== undefined && patternFlag !== "oauth") {
    throw new Error(`--provider is only for --pattern oauth: leave it out, or use --pattern oauth.`);
  }
  const folder = given ?? (await ask?.("Which folder?", [], "my-server"));
  if (folder === undefined)
    throw new Error("Say where to make the server: create-mcp-wicket my-server --pattern none.");
  const choose = async (flag: "pattern" | "provider" | "transport", preset: string) => {
    if (values[flag] !== undefined) return values[flag];
    const { question, options } = QUESTIONS[flag];
    if (ask) return ask(question, options, preset);
    if (flag === "transport") return preset;
    throw new Error(`Nobody can be asked here, so set --${flag} ${options.map(({ value }) => value).join("|")}.`);
  };
  const pattern = (await choose("pattern", providerFlag === undefined ? "none" : "oauth")) as Pattern;
  const provider = pattern === "oauth" ? ((await choose("provider", "github")) as ProviderName) : "github";
  const transport = (await choose("transport", "http")) as Transport;
  const dependency = values.package ?? `^${version}`;
  return { folder, name: nameOf(resolve(folder)), pattern, provider, transport, dependency };
}

function checkFlag(flag: "pattern" | "provider" | "transport", value: string | undefined): void {
  const known = QUESTIONS[flag].options.map((option) => option.value);
  if (value === undefined || known.includes(value)) return;
  throw new Error(`--${flag} "${value}" does not exist. Use --${flag} ${known.join("|")}.`);
}

/** A Worker's name, from that of its folder: lowercase letters, digits and hyphens, at most 54. */
export function nameOf(folder: string): string {
  const last =
    folder
      .replaceAll("\\", "/")
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .pop() ?? "";
  const name = last
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 54)
    .replaceAll(/^-+|-+$/g, "");
  return name === "" ? "mcp-server" : name;
}

/** The mistakes in a Worker's code. */
import { type Finding, finding } from "./findings.js";
import { type Property, type Source, literalAt, matches, partsAt, place, propertiesAt } from "./source.js";

export function inspectCode(sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) => {
    if (source.isTest) return knownSecrets(source);
    return [
      ...consent(source),
      ...knownSecrets(source),
      ...namedSecrets(source),
      ...handlers(source),
      ...unverified(source),
    ];
  });
}

function consent(source: Source): Finding[] {
  return matches(source, /\ballowConsentScreen\s*:\s*false\b/).map(({ index }) =>
    finding("consent_off", place(source, index), "allowConsentScreen is false: the consent page is switched off."),
  );
}

/** Secrets that are known by their form. */
const FORMS: readonly [string, RegExp][] = [
  ["a token of GitHub", /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})/],
  ["a client secret of Google", /\bGOCSPX-[\w-]{20,}/],
  ["an access key of AWS", /\bAKIA[0-9A-Z]{16}\b/],
  ["a key of an AI provider", /\bsk-[A-Za-z0-9_-]{32,}/],
  ["a live key of Stripe", /\b[rs]k_live_\w{20,}/],
  ["a token of Slack", /\bxox[abpr]-[\w-]{20,}/],
  ["a private key", /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\\nr]*[A-Za-z0-9+/]{40}/],
];

/** What kind of secret a text contains, by its form. */
export function formOf(text: string): string | undefined {
  return FORMS.find(([, form]) => form.test(text))?.[0];
}

function knownSecrets(source: Source): Finding[] {
  return FORMS.flatMap(([kind, form]) => {
    const at = form.exec(source.code)?.index;
    return at === undefined ? [] : [finding("secret_in_code", place(source, at), `The code contains ${kind}.`)];
  });
}

/** Constants and members that hold a secret, by their name. */
const SECRET_NAME = /(?:secret|password|passphrase|pepper|private_?key|api_?key|signing_?key|jwt_?key)$/i;

function namedSecrets(source: Source): Finding[] {
  const declared = matches(source, /\b(?:const|let|var)\s+([\w$]+)\s*(?::\s*string\s*)?=\s*(?=["'`])/);
  const members = matches(source, /(?<=[{,]\s*)["']?\b([\w$]+)\b["']?\s*:\s*/);
  const found = [...declared, ...members].flatMap((match) => {
    const name = match[1] ?? "";
    if (!SECRET_NAME.test(name)) return [];
    const value = fixedValue(source, match.index + match[0].length);
    if (value === undefined || !looksSecret(value, name)) return [];
    return [finding("secret_in_code", place(source, match.index), `${name} has its value in the code.`)];
  });
  return found;
}

/** A text that a value is, returns or falls back to: `"…"`, `(env) => "…"`, `env.NAME ?? "…"`. */
function fixedValue(source: Source, start: number): string | undefined {
  const { bare } = source;
  const rest = /^(?:\([^()]*\)\s*(?::\s*string\s*)?=>\s*)?/.exec(bare.slice(start))?.[0].length ?? 0;
  const direct = literalAt(source, start + rest);
  if (direct !== undefined) {
    // What follows tells a value from a type, a comparison or a concatenation.
    const after = bare.slice(start + rest + direct.length + 2);
    return /^\s*(?:[,;)}\n]|$|as\s+const\b)/.test(after) && !/^\s*[|&+?=.[]/.test(after) ? direct : undefined;
  }
  const fallback = /^[\w$.?!()[\] ]*?(?:\?\?|\|\|)\s*(?=["'`])/.exec(bare.slice(start + rest))?.[0].length;
  return fallback === undefined ? undefined : literalAt(source, start + rest + fallback);
}

/** Whether a text can be a secret: not a label, not the name of a variable or header, not a placeholder. */
function looksSecret(value: string, name: string): boolean {
  if (value.length < 8 || /\s/.test(value) || /^[A-Z][A-Z0-9_]*$/.test(value) || /^(?:[a-z]+:\/\/|\/|\.)/.test(value)) {
    return false;
  }
  if (/(?:secret|pepper)$/i.test(name)) return true;
  return value.length >= 12 && /\d/.test(value) && /[A-Za-z]/.test(value);
}

const HANDLER =
  /\bnew\s+(GitHubHandler|GoogleHandler|AzureADHandler|GenericOAuthHandler)\s*(?:<[^()]*>)?\s*\(\s*(?=\{)/;
/** Tenants of Entra that admit accounts of others. */
const OPEN_TENANT = /^(?:common|organizations|consumers)$/;

function handlers(source: Source): Finding[] {
  return matches(source, HANDLER).flatMap((match) => {
    const name = match[1] ?? "";
    const properties = propertiesAt(source, match.index + match[0].length);
    if (properties === undefined) return [];
    const where = place(source, match.index);
    const scopes = properties.filter((property) => property.name === "scopes");
    return [
      ...scopes.flatMap((property) => broad(source, property)),
      ...(admitsAnyone(name, source, properties)
        ? [finding("allow_missing", where, `${name} does not say who may sign in.`)]
        : []),
    ];
  });
}

function admitsAnyone(name: string, source: Source, properties: readonly Property[]): boolean {
  const has = (option: string) => properties.find((property) => property.name === option);
  if (name === "GenericOAuthHandler" || has("allow")) return false;
  if (name === "GoogleHandler") return !has("hd");
  if (name !== "AzureADHandler") return true;
  const tenant = has("tenant");
  return tenant === undefined || OPEN_TENANT.test(literalAt(source, tenant.start) ?? "");
}

/** Scopes with which nearly everything can be done or destroyed. */
const BROAD =
  /^(?:delete_repo|site_admin|admin:\w+|delete:packages|https:\/\/mail\.google\.com\/|https:\/\/www\.googleapis\.com\/auth\/(?:drive|cloud-platform|admin\..*)|(?:.*\/)?(?:\w+\.)+(?:ReadWrite|FullControl)\.All|(?:.*\/)?Directory\.AccessAsUser\.All|.+\/\.default|\*)$/;

function broad(source: Source, { start }: Property): Finding[] {
  if (source.bare[start] !== "[") return [];
  const scopes = partsAt(source, start).map((part) => {
    const gap = /^\s*/.exec(source.code.slice(part.start))?.[0].length ?? 0;
    return literalAt(source, part.start + gap) ?? "";
  });
  const wide = scopes.filter((scope) => BROAD.test(scope));
  if (wide.length === 0) return [];
  return [finding("broad_scopes", place(source, start), `The server requests ${wide.join(", ")}.`)];
}

const READS_TOKEN =
  /\.(?:headers\s*\.\s*get|header)\s*\(\s*(?=["'`]authorization["'`])|\.headers\s*(?:\.authorization\b|\[\s*(?=["'`]authorization["'`]))/i;
const DECODES = /\b(?:decodeJwt|jwt_decode|jwtDecode|jwt\s*\.\s*decode)\s*\(/;
/** Anything that may verify: a function of that name, or a comparison with a secret. */
const VERIFIES =
  /\b\w*(?:verif|authenticat|authoriz|validat|introspect|timingSafeEqual|protect|checkToken|checkAuth|isValid)\w*\s*(?:<[^()]*>)?\s*\(|\bnew\s+\w*(?:Verifier|OAuthProvider)\b|[!=]==?\s*[^;\n]*\benv\b|\benv\b[^;\n]*[!=]==?|\bcrypto\.subtle\b/i;

/** Code that reads a token and has nothing that could verify it. */
function unverified(source: Source): Finding[] {
  if (VERIFIES.test(source.bare)) return [];
  const [read] = [...readsOf(source), ...matches(source, DECODES)];
  if (read === undefined) return [];
  return [finding("token_unverified", place(source, read.index), "The code uses a token, and nothing verifies it.")];
}

/** The name of the header is in a string, so it is looked for in the text with strings. */
function readsOf({ code, bare }: Source): RegExpExecArray[] {
  const found = [...code.matchAll(new RegExp(READS_TOKEN.source, "gi"))];
  // A request that the Worker sends itself is passed on, not read; what is inside a string is no code.
  return found.filter(({ index }) => bare[index] === ".");
}

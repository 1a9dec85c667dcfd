/** `JWTVerifier`: pattern 2. Rust decides (`src/guard/jwt/`); this file performs its effects. */
import { performDocument } from "../boundary/effects/document.js";
import { ImportedKeys, performVerify, performVerifyShown } from "../boundary/effects/verify.js";
import type { Caller } from "./guard.js";
import { checkOptions } from "../common/options.js";
import { type World, worldOf } from "../boundary/world.js";
import { missingSetting } from "../common/missing-setting.js";
import { WicketError } from "../common/errors.js";
import { type ClaimRule, JWT, type JWTClaims, type JWTVerifierOptions, optionsText } from "./jwt-options.js";
import type { TokenVerification } from "./verifier.js";
import { SharedVerifier, RustVerifier } from "./rust-verifier.js";

/** The keys of an issuer, and the verification with them. */
class SharedJwt extends SharedVerifier {
  #keys = new ImportedKeys();

  override get keyNames(): string {
    return this.#keys.names;
  }

  override world(_env: unknown, shown: string): World {
    if (this.#keys.isFull) this.#keys = new ImportedKeys();
    const keys = this.#keys;
    return worldOf(
      {
        "verify-shown": (effect) => performVerifyShown(effect, keys, shown),
        verify: (effect) => performVerify(effect, keys),
        document: async (effect) => ({ json: await performDocument(effect) }),
      },
      { remember: (commit) => this.remember(commit) },
    );
  }
}

/**
 * Verifies JWTs. The options are checked here: it throws `ERR_OPTIONS` with the reason and the fix.
 *
 * ```ts
 * const verifier = new JWTVerifier({ secret: env.JWT_SECRET, issuer: "https://auth.example.com", audience: "https://mcp.example.com/mcp" });
 * export default protect(verifier, MyMCP.serve("/mcp"));
 * ```
 */
export class JWTVerifier<Claims extends object = JWTClaims> extends RustVerifier<Claims> {
  readonly issuers: readonly string[];
  readonly #rules: [string, ClaimRule<never>][];

  constructor(all: JWTVerifierOptions<Claims>) {
    checkOptions(JWT, all);
    const { claims, ...options } = all;
    const label = "JWTVerifier";
    super(
      label,
      missingSecret(options) ?? SharedVerifier.of(label, optionsText(options), (text) => new SharedJwt(label, text)),
      options.header,
    );
    this.#rules = rulesOf(claims);
    this.issuers = typeof options.issuer === "string" ? [options.issuer] : options.issuer;
  }

  /** Rules that are functions may change their result, so they are called each time. */
  protected override checkRules(caller: Caller): TokenVerification {
    for (const [name, rule] of this.#rules) {
      const value = Object.hasOwn(caller.props, name) ? caller.props[name] : undefined;
      // Anything but `true`, such as a promise, counts as no.
      const holds = typeof rule === "function" ? (rule(value as never) as unknown) === true : value === rule;
      if (!holds) return { refused: "token", reason: `the claim ${JSON.stringify(name)} does not match` };
    }
    return caller;
  }
}

/** The secret is given, but has no value. */
function missingSecret(options: { secret?: unknown }): WicketError | undefined {
  if (!("secret" in options)) return undefined;
  const [first] = Array.isArray(options.secret) ? (options.secret as unknown[]) : [options.secret];
  return first === undefined || first === "" ? missingSetting("`secret` of JWTVerifier", [], "JWT_SECRET") : undefined;
}

/** Throws `ERR_ARGUMENT` for a rule that could never hold. */
function rulesOf(claims: object = {}): [string, ClaimRule<never>][] {
  const rules = Object.entries(claims) as [string, unknown][];
  for (const [name, rule] of rules) {
    if (rule === undefined || ["string", "number", "boolean", "function"].includes(typeof rule)) continue;
    throw new WicketError(
      "ERR_ARGUMENT",
      `JWTVerifier: claims.${name} must be a string, a number, true or false, or a function that returns true for accepted values: ` +
        '(role) => ["admin", "editor"].includes(role).',
    );
  }
  return rules.filter(([, rule]) => rule !== undefined) as [string, ClaimRule<never>][];
}

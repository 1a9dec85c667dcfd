/** `JWTVerifier`: pattern 2. Rust decides (`src/auth/jwt/`); here is what it may touch. */
import { performDocument } from "../effects/document.js";
import { KeptKeys, performVerify, performVerifyShown } from "../effects/verify.js";
import type { Caller } from "../guard.js";
import { checkOptions } from "../options.js";
import type { Outcome, World } from "../run.js";
import { unset } from "../unset.js";
import { WicketError } from "../errors.js";
import type { Commit, Effect } from "../wire.js";
import { type ClaimRule, JWT, type JWTClaims, type JWTVerifierOptions, optionsText } from "./jwt-options.js";
import type { Found } from "./verifier.js";
import { Shared, Verifying } from "./verifying.js";

/** The keys of an issuer, and their signatures. */
class Signatures extends Shared {
  #keys = new KeptKeys();

  override get holds(): string {
    return this.#keys.names;
  }

  override world(_env: unknown, shown: string): World {
    if (this.#keys.isFull) this.#keys = new KeptKeys();
    return new SignedWorld(this, this.#keys, shown);
  }
}

/** What the flow of one JWT may touch. */
class SignedWorld implements World {
  readonly #shared: Signatures;
  readonly #keys: KeptKeys;
  readonly #shown: string;

  constructor(shared: Signatures, keys: KeptKeys, shown: string) {
    this.#shared = shared;
    this.#keys = keys;
    this.#shown = shown;
  }

  perform(effect: Effect): Promise<Outcome> {
    switch (effect.kind) {
      case "verify-shown":
        return performVerifyShown(effect, this.#keys, this.#shown);
      case "verify":
        return performVerify(effect, this.#keys);
      case "document":
        return performDocument(effect).then((json) => ({ json }));
      default:
        throw new Error(`a verifier has no "${effect.kind}"`);
    }
  }

  commit(commit: Commit): Promise<void> {
    return this.#shared.commit(commit);
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
export class JWTVerifier<Claims extends object = JWTClaims> extends Verifying<Claims> {
  readonly issuers: readonly string[];
  readonly #rules: [string, ClaimRule<never>][];

  constructor(all: JWTVerifierOptions<Claims>) {
    checkOptions(JWT, all);
    const { claims, ...options } = all;
    const label = "JWTVerifier";
    super(
      label,
      unsetSecret(options) ?? Shared.of(label, optionsText(options), (text) => new Signatures(label, text)),
      options.header,
    );
    this.#rules = rulesOf(claims);
    this.issuers = typeof options.issuer === "string" ? [options.issuer] : options.issuer;
  }

  /** The rules that are functions may change their mind, so they are asked each time. */
  protected override judge(caller: Caller): Found {
    for (const [name, rule] of this.#rules) {
      const value = Object.hasOwn(caller.props, name) ? caller.props[name] : undefined;
      // A promise, or whatever else is not `true`, is no yes.
      const holds = typeof rule === "function" ? (rule(value as never) as unknown) === true : value === rule;
      if (!holds) return { refused: "token", reason: `its claim ${JSON.stringify(name)} is not as wanted` };
    }
    return caller;
  }
}

/** The secret is given, but has no value. */
function unsetSecret(options: { secret?: unknown }): WicketError | undefined {
  if (!("secret" in options)) return undefined;
  const [first] = Array.isArray(options.secret) ? (options.secret as unknown[]) : [options.secret];
  return first === undefined || first === "" ? unset("`secret` of JWTVerifier", [], "JWT_SECRET") : undefined;
}

/** Throws `ERR_ARGUMENT` for a rule that could never hold. */
function rulesOf(claims: object = {}): [string, ClaimRule<never>][] {
  const rules = Object.entries(claims) as [string, unknown][];
  for (const [name, rule] of rules) {
    if (rule === undefined || ["string", "number", "boolean", "function"].includes(typeof rule)) continue;
    throw new WicketError(
      "ERR_ARGUMENT",
      `JWTVerifier: claims.${name} must be a string, a number, true or false, or a function that says whether the value will ` +
        'do: (role) => ["admin", "editor"].includes(role).',
    );
  }
  return rules.filter(([, rule]) => rule !== undefined) as [string, ClaimRule<never>][];
}

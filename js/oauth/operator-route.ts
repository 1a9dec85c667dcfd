/**
 * The guard of the operator route: whose tokens may call it. Rust decides what they may call
 * (`src/oauth/endpoints/operator.rs`).
 */
import { BearerGuard } from "../auth/bearer-guard.js";
import type { Guard } from "../auth/guard.js";
import type { TokenVerifier } from "../auth/verifier.js";
import type { BearerCore } from "../boundary/wire.js";
import { WicketError } from "../common/errors.js";
import type { OAuthProviderOptions, OperatorOptions } from "./options.js";

type Options<Env> = Pick<OAuthProviderOptions<Env>, "operator" | "issuer" | "callbackTimeout">;

/** Throws `ERR_ARGUMENT` for a verifier that is none, or that accepts the tokens of people who sign in here. */
export function checkOperator<Env>({ operator, issuer }: Options<Env>): void {
  if (operator === undefined) return;
  const refuse = (message: string) => {
    throw new WicketError("ERR_ARGUMENT", message);
  };
  const { verifier, scope } = operator;
  const { identify, issuers = [] } = (verifier as Partial<TokenVerifier> | undefined) ?? {};
  if (typeof identify !== "function") {
    refuse("operator.verifier must be a verifier, such as new APIKeyVerifier({…}) or new JWTVerifier({…}).");
  }
  if (issuer !== undefined && issuers.some((one) => one.replace(/\/$/, "") === issuer)) {
    refuse(
      `operator.verifier accepts access tokens of ${issuer}, which this server issues to everyone who signs in. Use another issuer, or an APIKeyVerifier.`,
    );
  }
  if (scope !== undefined && (typeof (scope as unknown) !== "string" || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    refuse('operator.scope must be one scope, without spaces or quotes: "operator".');
  }
}

/** The guard of the route. */
export function operatorGuard<Env>(
  core: BearerCore,
  { verifier, scope = "operator" }: OperatorOptions<Env>,
  { callbackTimeout }: Options<Env>,
): Guard<Env> {
  return new BearerGuard(
    core,
    verifier,
    { requiredScopes: [scope], callbackTimeout },
    { metadata: () => undefined, plain: true },
  );
}

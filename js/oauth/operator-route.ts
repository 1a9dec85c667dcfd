/**
 * The guard of the operator route: whose tokens may call it. Rust decides what they may call
 * (`src/oauth/endpoints/operator.rs`).
 */
import { BearerGuard } from "../auth/bearer-guard.js";
import type { Guard } from "../auth/guard.js";
import type { TokenVerifier } from "../auth/verifier.js";
import { OWN_VERIFIER, type OwnVerifier, withTimeout } from "../auth/verifier-timeout.js";
import type { BearerCore } from "../boundary/wire.js";
import { WicketError } from "../common/errors.js";
import { Incoming } from "../http/incoming.js";
import type { AccessTokenVerifier } from "./access-token-verifier.js";
import type { OAuthProviderOptions, OperatorOptions } from "./options.js";

type Options<Env> = Pick<OAuthProviderOptions<Env>, "operator" | "issuer" | "callbackTimeout">;

/** Throws `ERR_ARGUMENT` for a verifier that is none, or that accepts the tokens of people who sign in here. */
export function checkOperator<Env>({ operator, issuer }: Options<Env>): void {
  if (operator === undefined) return;
  const refuse = (message: string) => {
    throw new WicketError("ERR_ARGUMENT", message);
  };
  const { identify, issuers = [] } = (operator.verifier as Partial<TokenVerifier> | undefined) ?? {};
  if (typeof identify !== "function") {
    refuse("operator.verifier must be a verifier, such as new APIKeyVerifier({…}) or new JWTVerifier({…}).");
  }
  if (issuer !== undefined && issuers.some((one) => one.replace(/\/$/, "") === issuer)) {
    refuse(
      `operator.verifier accepts access tokens of ${issuer}, which this server issues to everyone who signs in. Use another issuer, or an APIKeyVerifier.`,
    );
  }
}

/**
 * `verifier`, which may ask another server about a token: it gets requests with a token of this server without that token.
 * Rust refuses them whatever it says.
 */
function withoutOwnTokens<Env>(verifier: TokenVerifier<Env>, own: AccessTokenVerifier<Env>): OwnVerifier<Env> {
  const { issuers, header, bearer } = verifier;
  return {
    [OWN_VERIFIER]: (seconds) => withoutOwnTokens(withTimeout(verifier, seconds), own),
    issuers,
    header,
    ...(bearer !== undefined && { bearer }),
    identify: async (incoming, env, ctx) => {
      const found = await own.identify(incoming, env, ctx);
      if ("refused" in found && found.refused === "unavailable") return found;
      const isOwn = !("refused" in found) || (found.refused === "token" && found.foreign !== true);
      if (!isOwn) return verifier.identify(incoming, env, ctx);
      const { url, method, headers } = incoming.request;
      const bare = new Request(url, { method, headers });
      bare.headers.delete("authorization");
      return verifier.identify(new Incoming(bare), env, ctx);
    },
  };
}

/** The guard of the route. `own` tells the tokens of this server. */
export function operatorGuard<Env>(
  core: BearerCore,
  own: AccessTokenVerifier<Env>,
  { verifier, scope = "operator" }: OperatorOptions<Env>,
  { callbackTimeout }: Options<Env>,
): Guard<Env> {
  return new BearerGuard(
    core,
    withoutOwnTokens(verifier, own),
    { requiredScopes: [scope], callbackTimeout },
    { metadata: () => undefined, plain: true },
  );
}

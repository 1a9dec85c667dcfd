/** Verifiers identify the caller. Each pattern and each kind of token has one; a guard uses it in front of an endpoint. */
import type { WicketError } from "../common/errors.js";
import type { Caller } from "./guard.js";
import type { Incoming } from "../http/incoming.js";
import type { Refusal } from "../boundary/wire.js";

/** The result of a verifier: the caller, or how and why (for the log) the request is refused. */
export type TokenVerification = Caller | RejectedToken;

/** A token that is refused. */
export interface RejectedToken {
  readonly refused: Refusal;
  /** The reason, for the log. */
  readonly reason: string;
  /** The verifier that refuses it, for the log: `JWTVerifier`. */
  readonly verifier?: string;
  /** True if the verifier does not handle this kind of token, so that the reason of another verifier is more useful. */
  readonly foreign?: true;
  /** With several verifiers: the result of each. */
  readonly said?: readonly RejectedToken[];
  /** The missing option of the verifier, if that is the reason. */
  readonly unset?: WicketError;
}

/** Identifies the caller from the headers of a request. */
export interface TokenVerifier<Env = unknown> {
  /** The URLs of the authorization servers whose tokens it accepts, if there are any. */
  readonly issuers: readonly string[];
  /** The header that contains its tokens. */
  readonly header?: string | undefined;
  /**
   * True if only clients that have a token send it: no browser and no proxy adds it automatically, as a proxy may do for
   * someone who has signed in with a cookie. Then pages of every origin may call the server.
   */
  readonly bearer?: boolean;
  /** For a token that was verified before, returns the same `Caller`. */
  identify(incoming: Incoming, env: Env, ctx: ExecutionContext): TokenVerification | Promise<TokenVerification>;
  /** The caller, if the token was verified before; `anyOf` tries this first. */
  known?(incoming: Incoming): Caller | undefined;
}

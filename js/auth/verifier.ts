/** What finds out who is calling. Each pattern and each kind of token has one; a guard puts it in front of an endpoint. */
import type { WicketError } from "../errors.js";
import type { Caller } from "../guard.js";
import type { Incoming } from "../incoming.js";
import type { Refusal } from "../wire.js";

/** What a verifier finds: who is calling, or how the request is refused and why (for the log). */
export type Found = Caller | RefusedToken;

/** A token that is not taken. */
export interface RefusedToken {
  readonly refused: Refusal;
  /** Why, for the log. */
  readonly reason: string;
  /** Who says so, for the log: `JWTVerifier`. */
  readonly verifier?: string;
  /** True if the verifier takes no tokens like this one: what another says of it tells more. */
  readonly foreign?: true;
  /** Where several were asked: what each says. */
  readonly said?: readonly RefusedToken[];
  /** The setting of the verifier that is missing, where that is why. */
  readonly unset?: WicketError;
}

/** Finds out who is calling, from the head of a request. */
export interface TokenVerifier<Env = unknown> {
  /** The URLs of the authorization servers whose tokens it takes, as far as there are any. */
  readonly issuers: readonly string[];
  /** The header that its tokens come in. */
  readonly header?: string | undefined;
  /**
   * True if only clients that have a token send it: no browser and no proxy on the way adds it by itself, as a proxy may do
   * for who has signed in with a cookie. Then pages of every origin may ask.
   */
  readonly bearer?: boolean;
  /** For a token that it has seen already it gives the same `Caller`, and no promise. */
  identify(incoming: Incoming, env: Env, ctx: ExecutionContext): Found | Promise<Found>;
  /** The caller, if it has seen the token already; `anyOf` asks for it first. */
  known?(incoming: Incoming): Caller | undefined;
}

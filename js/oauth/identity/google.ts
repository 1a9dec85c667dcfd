import { namesOf } from "../../common/options.js";
import { type Setting, UPSTREAM, UpstreamHandler, type UpstreamOptions } from "./upstream.js";

export interface GoogleOptions<Env> extends UpstreamOptions<Env> {
  /** Scopes of Google, in addition to `openid`, `email` and `profile`, which are always requested. */
  scopes?: string[];
  /** The Google Workspace domain to which accounts must belong. */
  hd?: Setting<Env>;
  /**
   * The prompt that Google shows: `consent` returns a refresh token each time and is the default if you request more than
   * the identity; otherwise `select_account`.
   */
  prompt?: Setting<Env>;
  /** The base URL of all endpoints instead of Google's: an http URL on this computer, for development and tests. */
  baseUrl?: Setting<Env>;
}

const GOOGLE = namesOf<GoogleOptions<unknown>>("GoogleHandler", {
  ...UPSTREAM,
  hd: true,
  prompt: true,
  baseUrl: true,
});

/** Sign-in with Google. The subject is the account's `sub`. */
export class GoogleHandler<Env = Record<string, string>> extends UpstreamHandler<Env, GoogleOptions<Env>> {
  protected readonly kind = "google";

  constructor(options: GoogleOptions<Env>) {
    super(GOOGLE, options);
  }
}

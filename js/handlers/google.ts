import { namesOf } from "../options.js";
import { type Setting, UPSTREAM, UpstreamHandler, type UpstreamOptions } from "./upstream.js";

export interface GoogleOptions<Env> extends UpstreamOptions<Env> {
  /** Scopes of Google, beside `openid`, `email` and `profile`, which are always asked for. */
  scopes?: string[];
  /** The Google Workspace domain to which accounts must belong. */
  hd?: Setting<Env>;
  /**
   * What Google shows: `consent` brings a refresh token each time and is the default where you ask for more than the
   * identity; otherwise `select_account`.
   */
  prompt?: Setting<Env>;
  /** Where to find all endpoints instead of at Google: an http URL of this computer, for development and tests. */
  baseUrl?: Setting<Env>;
}

const GOOGLE = namesOf<GoogleOptions<unknown>>("GoogleHandler", {
  ...UPSTREAM,
  hd: true,
  prompt: true,
  baseUrl: true,
});

/** People sign in with Google. The subject is the account's `sub`. */
export class GoogleHandler<Env = Record<string, string>> extends UpstreamHandler<Env, GoogleOptions<Env>> {
  protected readonly kind = "google";

  constructor(options: GoogleOptions<Env>) {
    super(GOOGLE, options);
  }
}

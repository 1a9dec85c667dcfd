import { namesOf } from "../../common/options.js";
import { type Setting, UPSTREAM, UpstreamHandler, type UpstreamOptions } from "./upstream.js";

export interface AzureADOptions<Env> extends UpstreamOptions<Env> {
  /** Scopes of Microsoft Graph or your own API. By default `User.Read`. */
  scopes?: string[];
  /**
   * Whose accounts may sign in: your directory (tenant) ID, `organizations`, `consumers` or `common`. By default `common`:
   * everyone with a Microsoft account.
   */
  tenant?: Setting<Env>;
  /** A national cloud, such as `https://login.microsoftonline.us`. */
  authority?: Setting<Env>;
  /** The prompt that Microsoft shows: `select_account` by default, `login`, `consent` or `none`. */
  prompt?: Setting<Env>;
}

const AZURE = namesOf<AzureADOptions<unknown>>("AzureADHandler", {
  ...UPSTREAM,
  tenant: true,
  authority: true,
  prompt: true,
});

/** Sign-in with Microsoft Entra ID (Azure AD). The subject is the object ID within the tenant. */
export class AzureADHandler<Env = Record<string, string>> extends UpstreamHandler<Env, AzureADOptions<Env>> {
  protected readonly kind = "azure";

  constructor(options: AzureADOptions<Env>) {
    super(AZURE, options);
  }
}

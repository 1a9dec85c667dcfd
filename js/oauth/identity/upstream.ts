/** Options of all handlers that use an upstream provider, including the two functions that you may implement. */
import { answerText, isObject } from "../../boundary/answer.js";
import { WicketError } from "../../common/errors.js";
import { type OptionRule, type Names, checkOptions, namesOf } from "../../common/options.js";
import type { Outcome } from "../../boundary/world.js";
import type { AppFetch } from "../../common/runtime.js";
import { type Setting, required, resolved } from "../../common/missing-setting.js";
import { HANDLER, type HandlerEffect, type IdentityHandler } from "./identity.js";
import { standInFor } from "./stand-in.js";

export type { Setting } from "../../common/missing-setting.js";

/** A person's profile from the upstream. It only has verified e-mail addresses. */
export interface UpstreamProfile {
  /** The upstream's stable ID of the person. */
  sub: string;
  login?: string;
  name?: string;
  /** The first of `emails`. */
  email?: string;
  picture?: string;
  emails: string[];
  /** GitHub organizations, limited to those that `allow` names. */
  orgs: string[];
  /** Groups and roles. With Entra they are only meaningful together with `tenant`. */
  groups: string[];
  /** Entra tenant, Google hosted domain. */
  tenant?: string;
}

/** A rule for who may sign in: the person must match every list that is given. */
export interface AllowRule {
  /** GitHub account names. Names can change hands; `ids` cannot. */
  logins?: string[];
  /** Account IDs. */
  ids?: string[];
  /** GitHub organizations. */
  orgs?: string[];
  /** Verified e-mail addresses. */
  emails?: string[];
  /**
   * The domain of a verified address. With Google the account must belong to that organization (`hd`), or to gmail.com: a
   * personal account may still have the address of a former employer.
   */
  domains?: string[];
  /** Entra tenant IDs, Google hosted domains. */
  tenants?: string[];
  /**
   * Groups and roles, as the provider names them. With Entra they need a tenant, through the handler's `tenant` or `tenants`
   * in the same rule: each tenant's administrator can create groups and roles of any name.
   */
  groups?: string[];
}

/**
 * Who may sign in: people who match a rule, or one of several; people whom your function accepts, optionally with limited
 * scopes; or explicitly `"anyone"`.
 */
export type Allow =
  AllowRule | AllowRule[] | "anyone" | ((profile: UpstreamProfile) => AllowAnswer | Promise<AllowAnswer>);
/** `true`: with all scopes that were granted. Anything else refuses the person, and the log says what it was. */
export type AllowAnswer = boolean | { scopes: string[] };

export interface UpstreamOptions<Env> {
  /** The client ID that the provider issued to your app. */
  clientId: Setting<Env>;
  /** Its client secret. Set it with `npx wrangler secret put`, never in the code. */
  clientSecret?: Setting<Env>;
  /** The scopes to request from the provider. Request few: the consent page lists them. */
  scopes?: string[];
  /**
   * Returns `this.props`, given a fresh access token of the provider. Runs at sign-in and at each refresh. Without it, props
   * are `sub`, `name`, `email`, `picture`, and, with GitHub, `login`.
   */
  context?: (accessToken: string, profile: UpstreamProfile) => object | Promise<object>;
  /** Who may sign in. Default: everyone who can sign in at the provider. */
  allow?: Allow;
  /** The handler's name in subjects and records, `[a-z0-9-]`. Do not change it after the first person has signed in. */
  name?: string;
  /** Handles all paths that do not belong to the provider: a start page, an API of your own. */
  fetch?: AppFetch<Env>;
}

const ALLOW = namesOf<AllowRule>("allow", {
  logins: true,
  ids: true,
  orgs: true,
  emails: true,
  domains: true,
  tenants: true,
  groups: true,
});

/** The names of `UpstreamOptions`. */
export const UPSTREAM = {
  clientId: true,
  clientSecret: true,
  scopes: true,
  context: true,
  allow: ALLOW,
  name: true,
  fetch: true,
} satisfies Record<keyof UpstreamOptions<unknown>, OptionRule>;

/* `src/identity/upstream/effect.rs`: the handler's own effects. */
export type UpstreamEffect =
  | { kind: "context"; handler: string; accessToken: string; profile: UpstreamProfile }
  | { kind: "allow"; handler: string; profile: UpstreamProfile };

/**
 * A handler, by the name of its Rust half and the options that only it has. Its functions know the environment's type, and
 * so does the provider; that both mean the same is not checked, so that neither has to be written out.
 */
export abstract class UpstreamHandler<Env, Options extends UpstreamOptions<Env>> implements IdentityHandler {
  readonly [HANDLER] = true;
  protected readonly options: Options;
  protected abstract readonly kind: string;
  /** Whether there is nothing to sign in with without a `clientSecret`. */
  protected readonly needsSecret: boolean = true;
  declare readonly fetch?: AppFetch;

  protected constructor(names: Names, options: Options) {
    checkOptions(names, options);
    this.options = options;
    if (options.fetch) this.fetch = options.fetch as AppFetch;
    const { context } = options;
    if (context !== undefined && typeof context !== "function") {
      throw new WicketError("ERR_ARGUMENT", "context must be a function: async (accessToken) => props.");
    }
  }

  /** `GitHubHandler "github"`. @internal */
  get label(): string {
    return `${this.constructor.name} "${this.options.name ?? this.kind}"`;
  }

  /** The options with the values of the environment. @internal */
  identity(environment: unknown): { kind: string } & Record<string, unknown> {
    const env = environment as Env;
    const { clientId, clientSecret, context, allow, fetch: _, ...rest } = this.options;
    const texts = Object.entries(rest).map(([name, value]) => [name, resolved(value as Setting<Env>, env)]);
    const given = Object.fromEntries(texts.filter(([, value]) => value !== undefined)) as Record<string, unknown>;
    // Whoever has credentials signs people in at the provider, wherever that is.
    const standIn = resolved(clientId, env) ? undefined : standInFor(this.kind, env, given);
    return {
      ...given,
      kind: this.kind,
      ...(standIn ?? {
        clientId: required(clientId, env, `clientId of ${this.label}`),
        ...(("clientSecret" in this.options || this.needsSecret) && {
          clientSecret: required(clientSecret, env, `clientSecret of ${this.label}`),
        }),
      }),
      ...(context && { context: true }),
      ...(allow !== undefined && { allow: typeof allow === "function" ? true : allow }),
    };
  }

  /** Calls `context` or `allow`. @internal */
  async perform(wanted: HandlerEffect): Promise<Outcome> {
    const { context, allow } = this.options;
    const effect = wanted as UpstreamEffect;
    if (effect.kind === "context" && context) {
      return { json: objectText(await context(effect.accessToken, effect.profile)) };
    }
    if (effect.kind === "allow" && typeof allow === "function") {
      return { json: answerText(await allow(effect.profile)) };
    }
    throw new Error(`this handler has no "${effect.kind}"`);
  }
}

/** Props as JSON; an error for what no tool could use. */
function objectText(props: unknown): string {
  if (isObject(props)) {
    const json = JSON.stringify(props) as string | undefined;
    if (json?.startsWith("{")) return json;
  }
  throw new WicketError("ERR_ARGUMENT", "context must return an object, which becomes this.props.");
}

/** What all handlers have that let people sign in elsewhere: their options, and the two functions that you may write. */
import { answerText, isObject } from "../answer.js";
import { WicketError } from "../errors.js";
import { type Known, type Names, checkOptions, namesOf } from "../options.js";
import type { Outcome } from "../run.js";
import type { AppFetch } from "../endpoint.js";
import { type Setting, required, resolved } from "../unset.js";
import type { HandlerEffect, IdentityHandler } from "./identity.js";

export type { Setting } from "../unset.js";

/** What an upstream says about a person. E-mail addresses are verified ones only. */
export interface UpstreamProfile {
  /** The upstream's stable id of the person. */
  sub: string;
  login?: string;
  name?: string;
  /** The first of `emails`. */
  email?: string;
  picture?: string;
  emails: string[];
  /** GitHub organisations, of those that `allow` names. */
  orgs: string[];
  /** Groups and roles. With Entra they mean something only together with `tenant`. */
  groups: string[];
  /** Entra tenant, Google hosted domain. */
  tenant?: string;
}

/** What somebody must have to sign in: one of each list that is given. */
export interface AllowRule {
  /** GitHub account names. A freed name can be taken by somebody else; `ids` last. */
  logins?: string[];
  /** Account ids. */
  ids?: string[];
  /** GitHub organisations. */
  orgs?: string[];
  /** Verified e-mail addresses. */
  emails?: string[];
  /**
   * What stands after the `@` of a verified address. With Google the account has to belong to that organisation (`hd`), or
   * to gmail.com: an account of one's own may carry the address of a company that one has left.
   */
  domains?: string[];
  /** Entra tenant ids, Google hosted domains. */
  tenants?: string[];
  /**
   * Groups and roles, as the provider writes them. With Entra they need a tenant, by the handler's `tenant` or by `tenants`
   * in the same rule: each tenant's administrator gives out groups and roles of any name.
   */
  groups?: string[];
}

/**
 * Who may sign in: whoever fits a rule, or one of several; whom your function lets in, perhaps with these scopes at most;
 * or `"anyone"`, the explicit yes.
 */
export type Allow =
  AllowRule | AllowRule[] | "anyone" | ((profile: UpstreamProfile) => AllowAnswer | Promise<AllowAnswer>);
/** `true`: with all scopes that were granted. Anything but these is a no, and the log says what it was. */
export type AllowAnswer = boolean | { scopes: string[] };

export interface UpstreamOptions<Env> {
  /** The identifier that the provider gave your app. */
  clientId: Setting<Env>;
  /** Its secret. Set it with `npx wrangler secret put`, never in the code. */
  clientSecret?: Setting<Env>;
  /** What to ask the provider for. Ask for little: people read it on the consent page. */
  scopes?: string[];
  /**
   * Makes `this.props` from a fresh access token of the provider. Runs at sign-in and at each refresh. Without it, props
   * are `sub`, `name`, `email`, `picture`, and `login` with GitHub.
   */
  context?: (accessToken: string, profile: UpstreamProfile) => object | Promise<object>;
  /** Who may sign in. Without it, everybody who can sign in at the provider. */
  allow?: Allow;
  /** The handler's name in subjects and records, `[a-z0-9-]`. Change it only before anybody has signed in. */
  name?: string;
  /** Answers what is at none of the provider's paths: a start page, an API of your own. */
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
} satisfies Record<keyof UpstreamOptions<unknown>, Known>;

/** `src/auth/proxy/effect.rs`: the effects that are a handler's own. */
export type UpstreamEffect =
  | { kind: "context"; handler: string; accessToken: string; profile: UpstreamProfile }
  | { kind: "allow"; handler: string; profile: UpstreamProfile };

/**
 * A handler, by the name of its Rust half and the options that only it has. Its functions know the environment's type, and
 * so does the provider; that both mean the same is not checked, so that neither has to be written out.
 */
export abstract class UpstreamHandler<Env, Options extends UpstreamOptions<Env>> implements IdentityHandler {
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
      throw new WicketError("ERR_ARGUMENT", "context is a function: async (accessToken) => props.");
    }
  }

  /** `GitHubHandler "github"`. */
  get label(): string {
    return `${this.constructor.name} "${this.options.name ?? this.kind}"`;
  }

  identity(environment: unknown): { kind: string } & Record<string, unknown> {
    const env = environment as Env;
    const { clientId, clientSecret, context, allow, fetch: _, ...rest } = this.options;
    const texts = Object.entries(rest).map(([name, value]) => [name, resolved(value as Setting<Env>, env)]);
    return {
      ...(Object.fromEntries(texts.filter(([, value]) => value !== undefined)) as Record<string, unknown>),
      kind: this.kind,
      clientId: required(clientId, env, `clientId of ${this.label}`),
      ...(("clientSecret" in this.options || this.needsSecret) && {
        clientSecret: required(clientSecret, env, `clientSecret of ${this.label}`),
      }),
      ...(context && { context: true }),
      ...(allow !== undefined && { allow: typeof allow === "function" ? true : allow }),
    };
  }

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
  throw new WicketError("ERR_ARGUMENT", "context has to return an object, which becomes this.props.");
}

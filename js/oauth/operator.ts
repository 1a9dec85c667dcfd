/** What an app may ask of its own authorization server: `env.OAUTH_PROVIDER` of its handler, and `OAuthProvider.api`. */
import { now } from "../clock.js";
import { WicketError } from "../errors.js";
import { namesOf, checkOptions, openNamesOf } from "../options.js";
import type { Page } from "../pages/oauth.js";
import { run } from "../run.js";
import { NOTHING_TO_PURGE, type PurgeResult, type RefusedHelpers, refusedHelpers } from "./moved.js";
import type { Site } from "./site.js";
import type { OAuthInput } from "./wire.js";

/** An authorization request that has been checked. It may travel through forms of yours: it is checked again at the end. */
export interface AuthRequest {
  responseType: string;
  clientId: string;
  redirectUri: string;
  /** The scopes that may be granted: asked for, and known here. */
  scope: string[];
  state: string;
  codeChallenge?: string;
  codeChallengeMethod?: string;
  resource?: string;
}

export interface ClientInfo {
  clientId: string;
  /** Only in what `createClient` answers: it is kept as a hash. */
  clientSecret?: string;
  clientName?: string;
  redirectUris: string[];
  /** Never there, like the others that a client says of itself: nobody has checked them. */
  clientUri?: string;
  logoUri?: string;
  policyUri?: string;
  tosUri?: string;
  jwksUri?: string;
  contacts?: string[];
  /** `none`, `client_secret_basic` or `client_secret_post`. */
  tokenEndpointAuthMethod: string;
  grantTypes?: string[];
  responseTypes?: string[];
  /** Seconds since 1970. */
  registrationDate?: number;
}

/** What `createClient` and `updateClient` take. */
export interface ClientSettings {
  /** What people read, 1 to 200 characters. */
  clientName?: string;
  redirectUris?: string[];
  /** `client_secret_basic` unless you say `none` or `client_secret_post`. Cannot be changed later. */
  tokenEndpointAuthMethod?: string;
}

export interface CompleteAuthorizationOptions {
  /** What `parseAuthRequest` gave. */
  request: AuthRequest;
  /** Stable, and never given to anybody else. */
  userId: string;
  /** What the person has granted, of `request.scope`. */
  scope: string[];
  /** What tools find as `this.props`. */
  props?: object | undefined;
  /** Its `label` is how the person recognises the account on the page of connected apps. */
  metadata?: { label?: string; [more: string]: unknown } | undefined;
  /** True: whatever this client had of this person ends. Default `false`; at most 20 grants of a client stand. */
  revokeExistingGrants?: boolean | undefined;
}

const COMPLETE = namesOf<CompleteAuthorizationOptions>("completeAuthorization", {
  request: true,
  userId: true,
  scope: true,
  props: true,
  metadata: true,
  revokeExistingGrants: true,
});

const CLIENT = openNamesOf<ClientSettings>("createClient", {
  clientName: true,
  redirectUris: true,
  tokenEndpointAuthMethod: true,
});

export interface GrantSummary {
  id: string;
  clientId: string;
  userId: string;
  scope: string[];
  metadata: { label: string; clientName: string };
  resource: string;
  /** Seconds since 1970. */
  createdAt: number;
  lastUsedAt: number;
}

/** Pages of a list, for code that asks for them: there is one page. */
export interface ListOptions {
  limit?: number;
  cursor?: string;
}

/** A whole list; `cursor` is never there, so code that asks for more pages ends. */
export interface ListResult<T> {
  items: T[];
  cursor?: string;
}

/** Whether there is a client of this identifier: `false` may be a typing error. */
export interface WasKnown {
  known: boolean;
}

/** See the methods. Each rejects with `ERR_AUTHORIZE` and the reason where something cannot be. */
export interface OAuthHelpers extends RefusedHelpers {
  /** Reads the authorization request in the query. Rejects with {@link AuthorizeError}; nobody is to be asked then. */
  parseAuthRequest(request: Request): Promise<AuthRequest>;
  lookupClient(clientId: string): Promise<ClientInfo | null>;
  /** The person has said yes: gives where to send the browser. */
  completeAuthorization(options: CompleteAuthorizationOptions): Promise<{ redirectTo: string }>;
  createClient(client: ClientSettings): Promise<ClientInfo>;
  /** The clients that `createClient` has made. */
  listClients(options?: ListOptions): Promise<ListResult<ClientInfo>>;
  /** `null` where there is no such client. */
  updateClient(clientId: string, updates: ClientSettings): Promise<ClientInfo | null>;
  /** It gets no new grants; those that it has go on until they end or are revoked. Tells whether there was such a client. */
  deleteClient(clientId: string): Promise<WasKnown>;
  /** The clients that wait for your yes (`registration: "approve"`): those that somebody has come with, 200 and 30 days at most. */
  listWaitingClients(): Promise<ListResult<ClientInfo>>;
  /** Says yes to a client. One that nobody uses for 90 days needs it again. */
  approveClient(clientId: string): Promise<void>;
  /** Takes the yes back, or forgets that the client waits. The grants that it has go on until they end or are revoked. */
  dismissClient(clientId: string): Promise<void>;
  /** What a person has connected. `userId` is the handler's id: `583231` with GitHub. */
  listUserGrants(userId: string, options?: ListOptions): Promise<ListResult<GrantSummary>>;
  /**
   * Ends a grant, or all of a person's with `"*"`; where `issuer` is not set, those by way of other host names as well. Tells
   * how many stood until then, without those of other host names: 0 means that the person has none, or that a name is
   * mistyped.
   */
  revokeGrant(grantId: string, userId: string): Promise<{ ended: number }>;
  /**
   * Ends all that was granted to a client, whoever granted it: access tokens within 30 seconds everywhere, codes and refresh
   * tokens when they come. What people allow it afterwards is not concerned. Nobody counts what ends; told is whether there is
   * such a client. For one that was deleted, or whose metadata document does not answer, that is `false`, and what it had ends
   * all the same. Rejects with `ERR_AUTHORIZE` for what no client can be called.
   */
  revokeClient(clientId: string): Promise<WasKnown>;
  /** The same for everything that was ever granted. Tells before when it was granted. */
  revokeAll(): Promise<{ before: Date }>;
  /** The same for all that was granted before a point in time. */
  revokeBefore(time: Date): Promise<{ before: Date }>;
  /**
   * Gives a client of `createClient` a new secret, and ends what was issued under the former one, which is good for nothing
   * from then on. `null` where there is no such client.
   */
  rotateClientSecret(clientId: string): Promise<ClientInfo | null>;
  /** The same without a new secret: nobody has one until `rotateClientSecret` gives one. */
  revokeClientSecret(clientId: string): Promise<ClientInfo | null>;
  /** Does nothing: what is over is deleted by itself. */
  purgeExpiredData(options?: object): Promise<PurgeResult>;
}

/** Why an authorization request, or something else that an app asked, cannot be. */
export class AuthorizeError extends WicketError {
  /** Where the client wants to hear of it: the redirect URI is proven to be its own. */
  readonly redirectTo: string | undefined;
  /** What is shown instead of a redirect: anybody can register a client that leads to any site. */
  readonly page: Page | undefined;

  constructor(message: string, redirectTo?: string, page?: Page) {
    super("ERR_AUTHORIZE", message);
    this.redirectTo = redirectTo;
    this.page = page;
  }
}

/** The helpers for one request. `site` is made when something is asked. */
export function helpersOf<Env>(
  siteOf: () => Site<Env> | Promise<Site<Env>>,
  origin: string,
  around: { request: Request; env: Env; ctx: ExecutionContext },
): OAuthHelpers {
  const ask = async <T>(call: string, more: object = {}, input: Partial<OAuthInput> = {}): Promise<T> => {
    const site = await siteOf();
    const head: OAuthInput = { endpoint: "authorize", method: "GET", origin, path: "", ...input };
    const { rules } = site;
    if (rules) head.rules = rules;
    const world = await site.world(around.request, around.env, around.ctx);
    const ended = await run<string>(site.steps.operate, JSON.stringify(head), JSON.stringify({ call, ...more }), world);
    if (!("done" in ended)) throw new Error("an operator's answer is never spliced");
    const answer = ended.done as unknown as { ok?: T; wrong?: string; redirectTo?: string; page?: Page };
    if (answer.wrong !== undefined) throw new AuthorizeError(answer.wrong, answer.redirectTo, answer.page);
    return answer.ok as T;
  };
  const before = async (more = {}) => ({
    before: new Date((await ask<{ before: number }>("revoke-before", more)).before),
  });
  return {
    parseAuthRequest: async (request) => {
      const query = new URL(request.url).search.slice(1);
      const peer = request.headers.get("cf-connecting-ip");
      return ask("parse", {}, { query, ...(peer !== null && { peer }) });
    },
    lookupClient: (id) => ask("client", { id }),
    ...refusedHelpers,
    completeAuthorization: async (options) => {
      checkOptions(COMPLETE, options);
      const { request, userId, scope, props = {}, metadata, revokeExistingGrants = false } = options;
      const label = typeof metadata?.label === "string" ? metadata.label : "";
      return ask("complete", { request, userId, scope, props, label, revokeExistingGrants });
    },
    createClient: async (client) => {
      checkOptions(CLIENT, client);
      return ask("create", { client });
    },
    listClients: async () => ({ items: await ask("list") }),
    updateClient: async (id, client) => {
      checkOptions(CLIENT, client);
      return ask("update", { id, client });
    },
    purgeExpiredData: () => Promise.resolve(NOTHING_TO_PURGE),
    deleteClient: (id) => ask("delete", { id }),
    listWaitingClients: async () => ({ items: await ask("waiting") }),
    approveClient: async (id) => {
      await ask("admit", { id });
    },
    dismissClient: async (id) => {
      await ask("dismiss", { id });
    },
    listUserGrants: async (userId) => ({ items: await ask("grants", { userId }) }),
    revokeClient: (id) => ask("revoke-client", { id }),
    revokeAll: () => before(),
    revokeBefore: async (time) => {
      const at = time instanceof Date ? time.getTime() : Number.NaN;
      if (!(at >= 0 && at <= now())) {
        throw new WicketError("ERR_ARGUMENT", "revokeBefore: time is a Date that is not yet to come.");
      }
      return before({ before: at });
    },
    rotateClientSecret: (id) => ask("rotate", { id }),
    revokeClientSecret: (id) => ask("rotate", { id, void: true }),
    revokeGrant: (grantId, userId) => ask("revoke", { grantId, userId }),
  };
}

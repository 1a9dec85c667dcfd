/** The API of the authorization server for the app: `env.OAUTH_PROVIDER` of its handler, and `OAuthProvider.api`. */
import { now } from "../common/clock.js";
import { WicketError } from "../common/errors.js";
import { namesOf, checkOptions, openNamesOf } from "../common/options.js";
import type { Page } from "../pages/model.js";
import {
  NOTHING_TO_PURGE,
  type PurgeResult,
  type UnsupportedHelpers,
  unsupportedHelpers,
} from "./compatibility-exports.js";
import type { OAuthInput } from "../boundary/wire.js";

/** A validated authorization request. It may pass through your forms, because it is validated again at the end. */
export interface AuthRequest {
  responseType: string;
  clientId: string;
  redirectUri: string;
  /** The scopes that may be granted: those that were requested and are known here. */
  scope: string[];
  state: string;
  codeChallenge?: string;
  codeChallengeMethod?: string;
  resource?: string;
}

export interface ClientInfo {
  clientId: string;
  /** Only in the result of `createClient`: the server stores a hash. */
  clientSecret?: string;
  clientName?: string;
  redirectUris: string[];
  /** Never set, like all other metadata that a client claims about itself, because nobody has verified it. */
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

/** The argument of `createClient` and `updateClient`. */
export interface ClientSettings {
  /** The name that people see, 1 to 200 characters. */
  clientName?: string;
  redirectUris?: string[];
  /** `client_secret_basic` by default, or `none` or `client_secret_post`. Cannot be changed later. */
  tokenEndpointAuthMethod?: string;
}

export interface CompleteAuthorizationOptions {
  /** The result of `parseAuthRequest`. */
  request: AuthRequest;
  /** Stable, and never reassigned to another person. */
  userId: string;
  /** The scopes that the person has granted, from `request.scope`. */
  scope: string[];
  /** `this.props` in tools. */
  props?: object | undefined;
  /** Its `label` identifies the account on the page of connected apps. */
  metadata?: { label?: string; [more: string]: unknown } | undefined;
  /** True: revokes all earlier grants of this client and person. Default `false`; there are at most 20 grants. */
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

/** Pagination, for code that uses it: there is only one page. */
export interface ListOptions {
  limit?: number;
  cursor?: string;
}

/** The complete list; `cursor` is never set, so code that reads all pages stops. */
export interface ListResult<T> {
  items: T[];
  cursor?: string;
}

/** Whether a client with this identifier exists: `false` may mean that it was mistyped. */
export interface WasKnown {
  known: boolean;
}

/** See the methods. Each rejects with `ERR_AUTHORIZE` and the reason for invalid arguments. */
export interface OAuthHelpers extends UnsupportedHelpers {
  /**
   * Parses the authorization request in the query. Rejects with {@link AuthorizeError} if it is invalid; do not ask for
   * consent then.
   */
  parseAuthRequest(request: Request): Promise<AuthRequest>;
  lookupClient(clientId: string): Promise<ClientInfo | null>;
  /** Records the person's consent, and returns the URL to which the browser is to be redirected. */
  completeAuthorization(options: CompleteAuthorizationOptions): Promise<{ redirectTo: string }>;
  createClient(client: ClientSettings): Promise<ClientInfo>;
  /** The clients from `createClient`. */
  listClients(options?: ListOptions): Promise<ListResult<ClientInfo>>;
  /** Returns `null` if the client does not exist. */
  updateClient(clientId: string, updates: ClientSettings): Promise<ClientInfo | null>;
  /**
   * Deletes a client. It gets no new grants; its grants remain valid until they expire or are revoked. Returns whether the
   * client existed.
   */
  deleteClient(clientId: string): Promise<WasKnown>;
  /**
   * The clients that wait for approval (`registration: "approve"`) because someone has tried to use them: at most 200, for
   * 30 days.
   */
  listWaitingClients(): Promise<ListResult<ClientInfo>>;
  /** Approves a client. After 90 days without use it needs approval again. */
  approveClient(clientId: string): Promise<void>;
  /**
   * Withdraws the approval, or removes the client from the waiting list. Its grants remain valid until they expire or are
   * revoked.
   */
  dismissClient(clientId: string): Promise<void>;
  /** The grants of a person. `userId` is the provider's ID of the person: `583231` with GitHub. */
  listUserGrants(userId: string, options?: ListOptions): Promise<ListResult<GrantSummary>>;
  /**
   * Revokes a grant, or all grants of a person with `"*"`; if `issuer` is not set, also those under other host names.
   * Returns how many were active, not counting other host names: 0 means that the person has none, or that the ID is
   * mistyped.
   */
  revokeGrant(grantId: string, userId: string): Promise<{ ended: number }>;
  /**
   * Revokes all grants of a client: access tokens stop working everywhere within 30 seconds, codes and refresh tokens when
   * they are presented. Later grants are not affected. Returns whether the client exists, but not the number of grants. For
   * a client that was deleted, or whose metadata document is unreachable, it returns `false`, but the grants end all the
   * same. Rejects with `ERR_AUTHORIZE` for an invalid client ID.
   */
  revokeClient(clientId: string): Promise<WasKnown>;
  /** The same for all grants of all clients. Returns the time before which they were issued. */
  revokeAll(): Promise<{ before: Date }>;
  /** The same for all grants that were issued before a point in time. */
  revokeBefore(time: Date): Promise<{ before: Date }>;
  /**
   * Issues a new secret to a client from `createClient`, and revokes the former secret and everything that was issued under
   * it. Returns `null` if the client does not exist.
   */
  rotateClientSecret(clientId: string): Promise<ClientInfo | null>;
  /** The same without a new secret: the client has none until `rotateClientSecret` issues one. */
  revokeClientSecret(clientId: string): Promise<ClientInfo | null>;
  /** Does nothing: expired data is deleted automatically. */
  purgeExpiredData(options?: object): Promise<PurgeResult>;
}

/** An invalid authorization request, or another invalid request of the app. */
export class AuthorizeError extends WicketError {
  /** The redirect URL that returns the error to the client, whose redirect URI is verified. */
  readonly redirectTo: string | undefined;
  /** The page that is shown instead of a redirect, because anyone can register a client with any redirect URI. */
  readonly page: Page | undefined;

  constructor(message: string, redirectTo?: string, page?: Page) {
    super("ERR_AUTHORIZE", message);
    this.redirectTo = redirectTo;
    this.page = page;
  }
}

/* The answer of `src/oauth/operator/mod.rs`. */
export type OperatorAnswer<T> = { ok: T } | { wrong: OperatorError };

/* `src/oauth/operator/mod.rs`, `OperatorError`. */
interface OperatorError {
  message: string;
  redirectTo?: string;
  page?: Page;
}

/** The helpers for one request; `operate` asks Rust. */
export function helpersOf(
  origin: string,
  operate: <T>(input: OAuthInput, body: string) => Promise<OperatorAnswer<T>>,
): OAuthHelpers {
  const ask = async <T>(call: string, more: object = {}, input: Partial<OAuthInput> = {}): Promise<T> => {
    const head: OAuthInput = { endpoint: "authorize", method: "GET", origin, path: "", ...input };
    const answer = await operate<T>(head, JSON.stringify({ call, ...more }));
    if ("ok" in answer) return answer.ok;
    const { message, redirectTo, page } = answer.wrong;
    throw new AuthorizeError(message, redirectTo, page);
  };
  const before = async (call: string, more = {}) => ({
    before: new Date((await ask<{ before: number }>(call, more)).before),
  });
  return {
    parseAuthRequest: async (request) => {
      const query = new URL(request.url).search.slice(1);
      const peer = request.headers.get("cf-connecting-ip");
      return ask("parseAuthRequest", {}, { query, ...(peer !== null && { peer }) });
    },
    lookupClient: (id) => ask("lookupClient", { id }),
    ...unsupportedHelpers,
    completeAuthorization: async (options) => {
      checkOptions(COMPLETE, options);
      const { request, userId, scope, props = {}, metadata, revokeExistingGrants = false } = options;
      const label = typeof metadata?.label === "string" ? metadata.label : "";
      return ask("completeAuthorization", { request, userId, scope, props, label, revokeExistingGrants });
    },
    createClient: async (client) => {
      checkOptions(CLIENT, client);
      return ask("createClient", { client });
    },
    listClients: async () => ({ items: await ask("listClients") }),
    updateClient: async (id, client) => {
      checkOptions(CLIENT, client);
      return ask("updateClient", { id, client });
    },
    purgeExpiredData: () => Promise.resolve(NOTHING_TO_PURGE),
    deleteClient: (id) => ask("deleteClient", { id }),
    listWaitingClients: async () => ({ items: await ask("listWaitingClients") }),
    approveClient: async (id) => {
      await ask("approveClient", { id });
    },
    dismissClient: async (id) => {
      await ask("dismissClient", { id });
    },
    listUserGrants: async (userId) => ({ items: await ask("listUserGrants", { userId }) }),
    revokeClient: (id) => ask("revokeClient", { id }),
    revokeAll: () => before("revokeAll"),
    revokeBefore: async (time) => {
      const at = time instanceof Date ? time.getTime() : Number.NaN;
      if (!(at >= 0 && at <= now())) {
        throw new WicketError("ERR_ARGUMENT", "revokeBefore: time must be a Date that is not in the future.");
      }
      return before("revokeBefore", { before: at });
    },
    rotateClientSecret: (id) => ask("rotateClientSecret", { id }),
    revokeClientSecret: (id) => ask("revokeClientSecret", { id }),
    revokeGrant: (grantId, userId) => ask("revokeGrant", { grantId, userId }),
  };
}

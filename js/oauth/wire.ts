/** What crosses between JavaScript and the authorization server: the twins of the types in `src/oauth/` and `src/auth/`. */
import type { Page } from "../pages/oauth.js";
import type { Limits } from "./options.js";
import type { Answer, Refused, Core, CoreConfig, FoundCaller, StepMethod } from "../wire.js";

/** The steps of the build that carries the authorization server. */
export interface OAuthCore {
  oauth: StepMethod;
  access: StepMethod;
  external: StepMethod;
  object: StepMethod;
  upstream: StepMethod;
  operate: StepMethod;
  give: StepMethod;
}
/** `config` is the JSON text of an `OAuthConfig`. */
export type OAuthCoreClass = new (
  config: string,
) => Core & OAuthCore & { warnings(): string | Promise<string>; away(input: string): string | Promise<string> };

/** `src/wasm/mod.rs`, `Core::read`. */
export interface OAuthConfig extends CoreConfig {
  /** The JSON text of a `ServerConfig`. */
  oauth?: string;
}

/** `src/oauth/server.rs`, `Server`. Times in seconds. */
export interface ServerConfig {
  issuer?: string;
  name?: string;
  authorize?: string;
  token?: string;
  register?: string;
  revoke?: string;
  introspect?: string;
  keys?: string;
  jwt?: boolean;
  resourceServers?: Record<string, string>;
  rawSubject?: boolean;
  callback?: string;
  connected?: string;
  resources: string[];
  /** The paths that routes have. */
  routes?: string[];
  /** What stands before the first part of those that are patterns. */
  below?: string[];
  /** Endpoints that are not there, so that their paths are free. */
  absent?: EndpointName[];
  aliases?: readonly string[];
  scopes?: readonly string[];
  scopeTexts?: Record<string, string>;
  schemes?: readonly string[];
  registration?: boolean;
  public?: boolean;
  approve?: boolean;
  documents?: boolean;
  documentHosts?: readonly string[];
  kv?: boolean;
  codeTtl?: number;
  accessTokenTtl?: number;
  refreshTokenTtl?: number;
  grantTtl?: number;
  refreshReplay?: number;
  limits?: Limits;
  callbackTimeout?: number;
  /** By which objects name whoever keeps audit records, where the option `audit` is set. */
  teller?: string;
  handler: { kind: string };
}

/** `src/oauth/request.rs`, `Endpoint`. */
export type EndpointName =
  "authorize" | "callback" | "connected" | "metadata" | "register" | "token" | "revoke" | "introspect" | "keys";

/** `src/oauth/request.rs`, `Request`. */
export interface OAuthInput {
  endpoint: EndpointName;
  method: string;
  origin: string;
  path: string;
  query?: string;
  unread?: true;
  contentType?: string;
  authorization?: string;
  cookie?: string;
  from?: string;
  site?: string;
  peer?: string;
  ray?: string;
  requestedHeaders?: string;
  /** The rules that have ended grants which began before a point in time (milliseconds since 1970). */
  rules?: Record<string, number>;
  /** The list of revocations has not answered for too long. */
  deaf?: true;
}

/** `src/oauth/page.rs`, `Reply`. */
export type Reply =
  { answer: Answer } | { page: { status: number; headers: [string, string][]; model: Page; refused?: Refused } };

/** `src/auth/access.rs`, `Head`. */
export interface AccessInput {
  origin: string;
  authorization?: string;
  strict?: true;
}

/** `src/auth/access.rs`, `Verified`. */
export type Verified =
  | {
      caller: FoundCaller;
      grant: string;
      object: string;
      /** When the grant began, in milliseconds since 1970. */
      began: number;
      /** The names of the rules that may have ended it. */
      rules: string[];
    }
  | { refused: "absent" | "malformed" | "token" | "scope" | "unavailable"; reason: string; foreign?: true };

/** `src/auth/further.rs`, `External`. */
export interface ExternalInput {
  origin: string;
  principal?: string;
  token?: string;
  /** What `resolveExternalToken` has answered. */
  answer?: unknown;
  client?: string;
  scopes?: readonly string[];
  told?: true;
  ray?: string;
}

/** `src/auth/further.rs`, `admit`. */
export type Admitted = { principal: string; scopes: string[]; expires?: number } | { refused: "token"; reason: string };

/** `src/auth/access.rs`, `Wanted`. */
export interface UpstreamInput {
  origin: string;
  grant: string;
  object: string;
}

/** `src/oauth/giving.rs`, `release`: what has to go back to its provider, as the step `give` takes it. */
export interface Due {
  due: {
    readonly id: string;
    /** To whom the provider has issued it. */
    readonly upstream?: string;
    readonly single?: true;
    readonly token?: string;
    readonly subject?: string;
    readonly elsewhere?: string;
    readonly credential?: string;
    /** No more tries follow. */
    readonly last?: true;
  }[];
}

/** `src/oauth/outbox.rs`, `untold`: what it is time to tell. */
export interface Untold {
  /** Grants that have ended. */
  readonly ended: readonly string[];
  /** Until when that is of interest, in milliseconds since 1970. */
  readonly until: number;
  readonly events: {
    readonly id: string;
    /** Who keeps it: `ServerConfig.teller`. */
    readonly teller: string;
    readonly event: { readonly event: string; readonly at: number };
    /** No more tries follow. */
    readonly last?: true;
  }[];
}

/** `src/oauth/giving.rs`, `give`: the ids of those that need no further try. */
export interface Settled {
  settled: string[];
}

/** `src/auth/access.rs`, `upstream`. */
export type UpstreamToken = { token: string } | { busy: true } | { none: string };

/**
 * The types that cross between JavaScript and Rust. All that has a Rust type is generated (`twins.ts`). What is written here
 * has none: the exported class, whose methods wasm-bindgen declares without what their texts hold, and the options that Rust
 * reads member by member, so that an error can name the option (`ServerConfig`).
 */
import type { Commit, CoreConfig, Crossing, Effect } from "./twins.js";

export type * from "./twins.js";

/** One step of one flow. Under vitest the same build answers with a promise, so callers always await. */
export type StepMethod = (
  input: string,
  body: string,
  now: number,
  later?: string,
  entropy?: Uint8Array,
) => string | Promise<string>;

/** What every build tells about its configuration. */
export interface Configured {
  /** What is wrong with it, if anything. */
  readonly problem: string | undefined;
}

/** The exported class: configuration in, decisions out. */
export interface Core {
  no_auth: StepMethod;
  mcp: StepMethod;
  report: StepMethod;
  place: StepMethod;
}

/** The steps of builds that support tokens. */
export interface BearerCore {
  refuse: StepMethod;
  most_informative: StepMethod;
  count: StepMethod;
  metadata: StepMethod;
}

/** The steps of builds that validate JWTs. */
export interface VerifierCore {
  verify: StepMethod;
  /** The routes as JSON text, for a set-up that is only checked. */
  readonly routes: string | undefined;
  /** The JSON text of a `WellKnown`. */
  readonly well_known: string;
}
export type CoreClass = new (config: CoreConfig) => Core & Configured & Partial<BearerCore & VerifierCore>;

/** The steps of the build with the authorization server. */
export interface OAuthCore {
  oauth: StepMethod;
  access: StepMethod;
  external: StepMethod;
  object: StepMethod;
  upstream: StepMethod;
  operate: StepMethod;
  revoke_upstream: StepMethod;
}
export type OAuthCoreClass = new (
  config: CoreConfig,
) => Core &
  Configured &
  OAuthCore & { warnings(): string | Promise<string>; unavailable(input: string): string | Promise<string> };

/* `src/oauth/config.rs`, `ServerConfig`. Times in seconds. */
export interface ServerConfig {
  issuer?: string;
  name?: string;
  /* Paths, by the options of `src/oauth/endpoints/table.rs`. */
  [endpoint: `${string}Endpoint`]: string;
  /** There is an endpoint for the operator. */
  operator?: true;
  "operator.path"?: string;
  "operator.scope"?: string;
  jwt?: boolean;
  resourceServers?: Record<string, string>;
  rawSubject?: boolean;
  resources: string[];
  /** The paths of routes. */
  routes?: string[];
  /** The fixed beginnings of those that are patterns. */
  below?: string[];
  /** The app has its own pages instead of ours for people. */
  pages?: true;
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
  legacyClients?: boolean;
  codeTtl?: number;
  accessTokenTtl?: number;
  refreshTokenTtl?: number;
  grantTtl?: number;
  refreshReplay?: number;
  limits?: { readonly [what: string]: number | undefined };
  callbackTimeout?: number;
  /** The name under which objects know who stores audit records, if the option `audit` is set. */
  sink?: string;
  handler: { kind: string };
}

/** A step as JSON: one of `done`, `wait`, `entropy` and `broken`. */
export type Step<T> = Crossing<T>;

export type CallEffect = Extract<Effect, { kind: "call" }>;
export type GetEffect = Extract<Effect, { kind: "get" }>;
export type ReadEffect = Extract<Effect, { kind: "read" }>;
export type StoreCommit = Extract<Commit, { kind: "store" }>;
export type RowsCommit = Extract<Commit, { kind: "rows" }>;
export type ReceiptCommit = Extract<Commit, { kind: "receipt" }>;
export type RememberCommit = Extract<Commit, { kind: "remember" }>;

/** The part of an effect from which a handler's context is made. */
export type RunEffect = Pick<CallEffect, "request" | "session" | "rounds">;

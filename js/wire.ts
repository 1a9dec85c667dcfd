/**
 * What crosses between JavaScript and Rust. These are the twins of the types in `src/flow/` and of each flow's input and
 * answer; `tests/core/golden.rs`, `tests/worker/golden.test.ts` and `tests/wire/golden-types.test.ts` read the same files,
 * so that neither side drifts.
 */

/** One step of one flow. Under vitest the same build answers with a promise, so callers always await. */
export type StepMethod = (input: string, body: string, now: number, later?: string) => string | Promise<string>;

/** The exported class: configuration in, decisions out. */
export interface Core {
  no_auth: StepMethod;
  mcp: StepMethod;
  tell: StepMethod;
  place: StepMethod;
}

/** The steps of builds that ask for tokens. */
export interface BearerCore {
  refuse: StepMethod;
  count: StepMethod;
  metadata: StepMethod;
}

/** The steps of builds that validate JWTs. */
export interface VerifierCore {
  verify: StepMethod;
  /** What is wrong with the options, if anything. */
  readonly problem: string | undefined;
}
/** `config` is the JSON text of a `CoreConfig`. */
export type CoreClass = new (config: string) => Core & Partial<BearerCore & VerifierCore>;

/** `src/wasm/mod.rs`, `Core::read`. */
export interface CoreConfig {
  /** `src/http/origin.rs`, `Policy`. */
  origins: { allowedOrigins: readonly string[] | "*"; allowedHosts: readonly string[] };
  /** The server's secrets, `current,previous,…`: `src/crypto/keys.rs`. */
  keys?: string;
  /** True where there are no `keys` here, but may be in the keyring. */
  keyring?: boolean;
  /** `src/auth/verifier.rs`, as JSON text. */
  verifier?: string;
}

/** `src/flow/wire.rs`, `Step`. */
export interface Step<T> {
  done?: T;
  commits?: Commit[];
  wait?: { mark: string; effect: Effect }[];
  /**
   * `src/flow/stencil.rs`: until when the step holds, whether for this caller alone, where the id stands in the head of the
   * shortcut, and where the id, the arguments and maybe the progress token stand in the body.
   */
  stencil?: [
    until: number,
    personal: 0 | 1,
    answered: number,
    id: number,
    idEnd: number,
    given: number,
    givenEnd: number,
    token?: number,
    tokenEnd?: number,
  ];
  /** The step has to be made again, with randomness. */
  entropy?: true;
  broken?: string;
}

/** `src/flow/effect.rs`, `Effect`. */
export type Effect =
  | { kind: "describe" }
  | ({ kind: "list" } & ListEffect)
  | ({ kind: "call" } & CallEffect)
  | ({ kind: "get" } & GetEffect)
  | ({ kind: "read" } & ReadEffect)
  | ({ kind: "complete" } & CompleteEffect)
  | { kind: "listening"; object: string }
  | { kind: "reach"; object: string; tag: string; message: string; cancels?: unknown }
  | ({ kind: "listen" } & ListenEffect)
  | { kind: "root-key" }
  | ({ kind: "fetch" } & FetchEffect)
  | { kind: "load"; key: string }
  | ({ kind: "ask" } & AskEffect)
  | ({ kind: "rows" } & RowsEffect)
  | { kind: "api-key"; id: string }
  | DocumentEffect
  | { kind: "tally"; keys: string[]; most: number[] }
  | ({ kind: "verify" } & VerifyEffect)
  | ({ kind: "verify-shown" } & VerifyShownEffect)
  | { kind: "ring"; since: number }
  | NewKeyEffect
  | SignEffect;

/** `src/flow/signature.rs`, `NewKey`. */
export interface NewKeyEffect {
  kind: "new-key";
  algorithm: { name: string; namedCurve: string };
}

/** `src/flow/signature.rs`, `Sign`. */
export interface SignEffect {
  kind: "sign";
  /** A private JWK. */
  key: JsonWebKey;
  import: { name: string; namedCurve: string };
  algorithm: { name: string; hash: string };
  text: string;
}

/** `src/flow/signature.rs`, `Verify`. */
export interface VerifyEffect {
  /** JSON text of a JWK. */
  key: string;
  /** JSON text. */
  import: string;
  algorithm: string | { name: string; hash?: string; saltLength?: number };
  /** base64url */
  signature: string;
  signed: string;
  /** Under which the key may be kept. */
  name?: string;
  splice?: Splice;
}

/** `src/flow/signature.rs`, `VerifyShown`: by a kept key, and places in the text that was handed over. */
export interface VerifyShownEffect {
  name: string;
  algorithm: VerifyEffect["algorithm"];
  from: number;
  dot: number;
  to: number;
  splice?: Splice;
}

/** `src/auth/proxy/effect.rs`: what handlers of upstreams perform themselves. */
export type { UpstreamEffect } from "./handlers/upstream.js";

/** What a handler's context is made of. */
export interface RunEffect {
  request: string | number;
  session?: string;
  rounds?: RoundsSoFar;
  splice?: Splice;
}

/** `src/flow/listen.rs`, `Listen`. */
export interface ListenEffect {
  sources: { object: string; tags: string[]; shared?: true }[];
  says: Record<string, string>;
  first?: string;
  otherwise?: string;
  resumes?: { stream: string; after: number };
  endpoint?: string;
}

/** `src/mcp/mrtr.rs`: what earlier rounds of a call brought. */
export interface RoundsSoFar {
  answers: Record<string, { response: unknown; asked?: string }>;
  once: Record<string, unknown>;
  /** True if it came in a state of ours. */
  sealed: boolean;
  /** The name of the round, unless its state has been spent. */
  unspent?: string;
}

export interface ListEffect extends RunEffect {
  of: "tools" | "resources" | "templates" | "prompts";
  omit?: string[];
  rooted?: string[];
  after?: string;
}

export interface CallEffect extends RunEffect {
  name: string;
  arguments?: Record<string, unknown>;
  mirror?: boolean;
}

export interface GetEffect extends RunEffect {
  name: string;
  arguments?: Record<string, string>;
}

export interface ReadEffect extends RunEffect {
  uri: string;
  template?: string;
  variables?: Record<string, string | string[]>;
}

export interface CompleteEffect {
  prompt?: string;
  template?: string;
  argument: string;
  value: string;
  known?: Record<string, string>;
  most: number;
}

/** With times, a copy that was fetched `since` then will do, or since `stale` where the document cannot be had. */
export interface DocumentEffect {
  kind: "document";
  url: string;
  since?: number;
  stale?: number;
}

export interface FetchEffect {
  url: string;
  method: string;
  headers: [string, string][];
  body?: string;
  /** `Brief`: at most 5 KB, and one byte more of what is longer, within 5 seconds. */
  brief?: true;
}

/** `src/flow/objects.rs`, `Ask`. */
export interface AskEffect {
  object: string;
  call: string;
  input: unknown;
}

/** `src/flow/objects.rs`, `Rows`. */
export interface RowsEffect {
  keys: string[];
  prefixes: string[];
}

/** `src/flow/registry.rs`, `Splice`; its head crosses behind the step. */
export interface Splice {
  tail: string;
  open: boolean;
  kinds?: string[];
  structured?: "object" | "none";
}

/** `src/flow/effect.rs`, `Failure`. */
export type Failure = "timeout" | "unreachable" | "refused" | "absent" | "failed";

/** `src/flow/effect.rs`, `Commit`. */
export type Commit =
  | ({ kind: "store" } & StoreCommit)
  | ({ kind: "keep" } & KeepCommit)
  | ({ kind: "rows" } & RowsCommit)
  | ({ kind: "remember" } & RememberCommit)
  | { kind: "audit"; event: Record<string, unknown> }
  | ({ kind: "receipt" } & ReceiptCommit);

/** `src/flow/objects.rs`, `Ask`. */
export interface ReceiptCommit {
  object: string;
  call: string;
  input: unknown;
}

/** `src/flow/signature.rs`, `Remember`. */
export interface RememberCommit {
  url: string;
  tried: number;
  at?: number;
  text?: string;
}

export interface StoreCommit {
  key: string;
  value: string;
}

export interface KeepCommit {
  key: string;
  value: string;
  /** At least 60. */
  seconds: number;
}

/** `src/flow/objects.rs`, `Writes`. */
export interface RowsCommit {
  guard?: number;
  put: [key: string, body: string, expires: number | null][];
  remove: string[];
  bump: [key: string, expires: number][];
}

/** `src/http/mod.rs`, `Answer`. */
export interface Answer {
  status: number;
  headers: [string, string][];
  body?: string;
  event?: true;
  refused?: Refused;
}

/** `src/http/refused.rs`, `Refused`. */
export interface Refused {
  code: string;
  reason: string;
  client?: string;
}

/** `src/auth/no_auth.rs`, `Head`. */
export interface GuardInput {
  method: string;
  url: string;
  methods: string;
  bearer?: true;
  origin?: string;
  host?: string;
  peer?: string;
  proxied?: true;
  browser?: true;
  requestedHeaders?: string;
}

/** `src/auth/mod.rs`, `Guarded`. */
export type Guarded = { answer: Answer } | { pass: { headers: [string, string][]; anyPeer: boolean } };

/** `src/auth/bearer.rs`, `Refusal`. */
export type Refusal = "absent" | "malformed" | "token" | "scope" | "unavailable" | "slow_down";

/** `src/auth/jwt/mod.rs`, `Request`. */
export interface VerifierInput {
  authorization?: string;
  token?: string;
  /** The names of the public keys that are at hand, with a space after each. */
  holds?: string;
  /** What is kept of the issuer's keys; their text is the body. */
  keys?: { url: string; tried: number; at?: number };
}

/** `src/auth/bearer.rs`, `Refused`. */
export interface RefusedInput {
  refused: Refusal;
  scope?: string;
  metadata?: string;
  /** Seconds. */
  retry?: string;
}

/** `src/auth/bearer.rs`, `Counted`. */
export type CountedInput = { most: number } & ({ verifier: string; peer?: string } | { principal: string });

/** `src/auth/metadata.rs`, `Request`. */
export interface MetadataInput {
  method: string;
  resource: string;
  /** What is asked for is not there: this server has no sign-in. */
  absent?: true;
  /** The header that its tokens come in, where that is known. */
  header?: string;
  issuers: readonly string[];
  scopes: readonly string[];
  name?: string;
  documentation?: string;
}

/** `src/auth/bearer.rs`, `Found`. */
export type FoundText =
  { caller: FoundCaller & { note?: string } } | { refused: Refusal; reason: string; foreign?: true; until?: number };

/** `src/auth/bearer.rs`, `Caller`. */
export interface FoundCaller {
  principal: string;
  scopes: string[];
  props: Record<string, unknown>;
  /** Milliseconds since 1970. */
  until: number;
  client?: string;
  /** Seconds since 1970. */
  expires?: number;
  resource?: string;
}

/** What an endpoint knows of a request beside its headers: `src/mcp/mod.rs`, `Request`. */
export interface McpInput {
  /** The endpoint's path. */
  endpoint?: string;
  principal?: string;
  client?: string;
  transport?: "sse-stream" | "sse-messages";
  place?: string;
  agent?: string;
  sessionId?: string;
  sessions?: "object";
}

/** `src/mcp/tell.rs`, `Running`. */
export interface TellInput {
  id: string | number;
  meta?: Record<string, unknown>;
  risen: boolean;
  /** One member: `progress`, `log`, `notify`, `ask`, `reply`, `pages`, `require`, `changed`, `open`, `watch` or `gone`. */
  say: Record<string, unknown>;
}

/** `src/mcp/tell.rs`, `Told`: one of these. */
export interface Told {
  /** Goes to the client. */
  send?: string;
  /** The response becomes a stream. */
  begin?: true;
  nothing?: true;
  /** The call's signal fires. */
  cancel?: true;
  /** What is wrong with what the handler said. */
  wrong?: string;
  /** Why the client cannot be asked, for the model. */
  unable?: string;
  /** The call ends with this error. */
  fault?: { status: number; code: number; message: string; data?: unknown };
  /** A question that goes out with the result, if there is no answer yet. */
  input?: string;
  /** A question that goes out now; its response comes through the object, under the first tag. */
  request?: { send: string; object: string; tags: string[]; givesUp: string };
  /** The stream can go on when it breaks off; the object keeps what was missed. */
  resumable?: { object: string; stream: string };
  /** This is for others. */
  reach?: { object: string; tag: string; message: string };
  /** Where to wait for the call's cancellation. */
  watch?: { object: string; tag: string; after: number };
  /** The client's answer. */
  answer?: unknown;
  /** Why an answer is none to its question. */
  again?: string;
  /** The error that the client answered with. */
  refused?: { code: number; message: string; data?: unknown };
}

/** `src/mcp/place.rs`, `Place`. */
export type Placed =
  | { here: true; ends?: string; at?: string }
  | { object: string; keeps?: number; mailbox?: string }
  | { answer: Answer };

/** One MCP endpoint, up to the server behind it: its options, its core, and its guard. */
import { secretOf } from "../objects/keys.js";
import { takeVerification } from "../auth/verified-requests.js";
import type { Decision, Guard, Access } from "../auth/guard.js";
import { BoundedCache, POOLS, bytesOf } from "../boundary/caches.js";
import { run } from "../boundary/interpreter.js";
import { Stencils } from "../boundary/stencils.js";
import { newCore } from "../boundary/wasm.js";
import type { Core, CoreConfig, GuardInput, GuardDecision, McpInput } from "../boundary/wire.js";
import { NO_WORLD } from "../boundary/world.js";
import type { CallbackOptions, Limits } from "../common/callback.js";
import { type OptionRule, oneOf, texts } from "../common/options.js";
import { refused } from "../common/refusals.js";
import { missingSettingResponse } from "../common/missing-setting.js";
import type { Incoming } from "../http/incoming.js";
import { respond } from "../http/response.js";
import type { ObjectPlace } from "../objects/objects.js";
import { CORS, type CORSOptions, originsOf } from "./compatibility.js";

/** Options of every kind of endpoint. */
export interface EndpointOptions extends CallbackOptions {
  /**
   * Origins of web pages that may use the server without a token, in addition to its own origin, claude.ai, claude.com,
   * chatgpt.com, apps (Obsidian, VS Code, …) and your own machine; `"*"` for all. If a token is required, pages of every
   * origin may call the server.
   */
  allowedOrigins?: readonly string[] | "*";
  /** Host names that a server on loopback answers to, in addition to localhost. */
  allowedHosts?: readonly string[];
  /**
   * The Durable Object class for storage and for messages between requests: the name of a binding or of an exported class.
   * By default an exported `WicketObject`, or the agent's own class.
   */
  objects?: string;
  /**
   * `"object"` stores each session of revisions before 2026-07-28 in an object, at the cost of one object call per request:
   * a session can then be ended (`DELETE`), and expires after a day without use. By default a session is only its ID,
   * without storage.
   */
  sessions?: "object" | undefined;
  /** For compatibility; its `origin` is the same as `allowedOrigins`. */
  corsOptions?: CORSOptions | false | undefined;
  /**
   * Time limit for handlers of tools, prompts and resources, in seconds: up to 600. By default a handler may run as long as
   * its client waits and the runtime allows; long handlers should check their `signal`.
   */
  toolTimeout?: number | undefined;
}

/** The names of `EndpointOptions`. */
export const ENDPOINT_NAMES = {
  allowedOrigins: texts("*"),
  allowedHosts: texts(),
  objects: true,
  sessions: oneOf("object"),
  corsOptions: CORS,
  callbackTimeout: true,
  toolTimeout: true,
} satisfies Record<keyof EndpointOptions, OptionRule>;

/** A request on its way through an endpoint. */
export interface AdmittedRequest {
  readonly core: GuardedCore;
  readonly incoming: Incoming;
  /** The guard's result. */
  readonly access: Access;
  /** What the app or the guard knows about the caller. */
  readonly props: Record<string, unknown> | undefined;
  /** What the flow gets in addition to the request's own head. */
  readonly extra: Pick<
    McpInput,
    "endpoint" | "principal" | "client" | "transport" | "place" | "agent" | "sessionId"
  > & {
    sessions?: "object";
  };
  readonly env: unknown;
  /** Where to find objects. */
  readonly place: ObjectPlace;
  readonly limits: Limits;
}

/** A core, and the requests that its guard has accepted. */
export interface GuardedCore extends Core {
  readonly decisions: BoundedCache<Access>;
  readonly stencils: Stencils;
  /** Called when the keyring's root key is known, or that there is none. */
  setRootKey(root: string | null): void;
}

/** The core of one endpoint; made once for each set of options. */
export function coreFor(options: EndpointOptions, env: unknown): GuardedCore {
  const { allowedHosts = [] } = options;
  const allowed = originsOf(options.allowedOrigins, options.corsOptions) ?? [];
  const allowedOrigins = allowed === "*" ? ["*"] : allowed;
  const config: CoreConfig = { origins: { allowedOrigins, allowedHosts } };
  const secret = secretOf(env);
  const core: GuardedCore = {
    ...newCore(secret === undefined ? { ...config, keyring: true } : { ...config, keys: secret }),
    decisions: new BoundedCache<Access>(POOLS.originDecisions),
    stencils: new Stencils(),
    // A running flow keeps the core with which it began, and its stencils.
    setRootKey: (root) => {
      const known = newCore(root === null ? config : { ...config, keys: root });
      Object.assign(core, known, { stencils: new Stencils() });
    },
  };
  return core;
}

/** The same, or the response if the server's secret is missing or unusable. */
export function coreOrResponse(options: EndpointOptions, env: unknown, { origin }: Incoming): GuardedCore | Response {
  try {
    return coreFor(options, env);
  } catch (error) {
    const response = missingSettingResponse(error, origin);
    if (response) return response;
    throw error;
  }
}

/** Decides about a request: first whether its web page may call at all, then, if there is a guard, who is calling. */
export async function admit<Env>(
  core: GuardedCore,
  incoming: Incoming,
  methods: string,
  env: Env,
  ctx: ExecutionContext,
  tokenGuard: Guard<Env> | undefined,
): Promise<Decision> {
  // Without a guard here, one of the app's own may have verified the token.
  const caller = tokenGuard ? undefined : takeVerification(incoming, ctx);
  const decision = await guard(core, incoming, methods, tokenGuard?.bearer === true || caller !== undefined);
  if (decision instanceof Response) return decision;
  if (tokenGuard) return tokenGuard.admit(decision, incoming, env, ctx);
  return caller ? { headers: decision.headers, caller } : decision;
}

/**
 * Pattern 1. The decision only depends on a few short strings, so positive decisions are cached by these, and most
 * requests need no crossing. `bearer`: a token is required that no browser adds.
 */
export async function guard(core: GuardedCore, incoming: Incoming, methods: string, bearer = false): Promise<Decision> {
  const { headers, method, origin } = incoming;
  const originHeader = headers.get("origin");
  // Only over plain http the sender must be examined (see src/http/origin.rs).
  const sender = bearer || origin.startsWith("https:") ? {} : senderOf(incoming);
  // An empty header is not an absent one, and no header's value contains a line break.
  const key = `${method}\n${methods}\n${origin}\n${String(bearer)}\n${originHeader === null ? "" : `=${originHeader}`}\n${JSON.stringify(sender)}`;
  const access = core.decisions.get(key);
  if (access) return access;

  const input: GuardInput = { method, url: origin, methods, ...sender };
  if (bearer) input.bearer = true;
  if (originHeader !== null) input.origin = originHeader;
  const requested = method === "OPTIONS" ? headers.get("access-control-request-headers") : null;
  if (requested !== null) input.requestedHeaders = requested;
  const guarded = await run<GuardDecision>(core.no_auth, JSON.stringify(input), "", NO_WORLD);
  if ("answer" in guarded) {
    if (guarded.answer.refused) refused(incoming, guarded.answer.refused);
    return respond(guarded.answer, []);
  }
  const { headers: added } = guarded.pass;
  core.decisions.set(
    key,
    guarded.pass,
    added.reduce((all, [name, value]) => all + bytesOf(name) + bytesOf(value), 0),
  );
  return guarded.pass;
}

/** Who sends a request, according to its head. */
function senderOf({ headers }: Incoming): Pick<GuardInput, "host" | "peer" | "proxied" | "browser"> {
  const sender: ReturnType<typeof senderOf> = {};
  const host = headers.get("host");
  if (host !== null) sender.host = host;
  const peer = headers.get("cf-connecting-ip");
  if (peer !== null) sender.peer = peer;
  if (headers.has("mf-original-hostname")) sender.proxied = true;
  if (headers.get("user-agent")?.includes("Mozilla/") && !headers.has("sec-fetch-site")) sender.browser = true;
  return sender;
}

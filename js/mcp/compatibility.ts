/** Options of `agents` for endpoints, for compatibility. */
import { namesOf } from "../common/options.js";

/** CORS options of `agents`; here a page may do everything that MCP needs, or nothing. */
export interface CORSOptions {
  /** The same as `allowedOrigins`: one origin, or `"*"`. */
  origin?: string | undefined;
  /** No effect: everything that MCP needs is allowed. */
  methods?: string | undefined;
  /** No effect: everything that MCP needs is allowed. */
  headers?: string | undefined;
  /** No effect: everything that MCP needs is allowed. */
  exposeHeaders?: string | undefined;
  /** No effect. */
  maxAge?: number | undefined;
}

export const CORS = namesOf<CORSOptions>("corsOptions", {
  origin: true,
  methods: true,
  headers: true,
  exposeHeaders: true,
  maxAge: true,
});

/** The `allowedOrigins` that `corsOptions` contains. */
export function originsOf(
  allowed: readonly string[] | "*" | undefined,
  cors: CORSOptions | false | undefined,
): readonly string[] | "*" | undefined {
  const origin = cors === false ? undefined : cors?.origin;
  if (origin === undefined || allowed === "*") return allowed;
  return origin === "*" ? "*" : [...(allowed ?? []), origin];
}

const LEAVE_OUT = "Omit it: there is no transport to configure, and a session is its ID.";

/** Options of transports that have no effect here. */
export const TRANSPORT: Record<string, string> = {
  transport: LEAVE_OUT,
  sessionIdGenerator: LEAVE_OUT,
  onsessioninitialized: LEAVE_OUT,
  onsessionclosed: LEAVE_OUT,
  storage: LEAVE_OUT,
  eventStore: "Omit it: streams can be resumed if there are Durable Objects.",
  enableJsonResponse: "Omit it: a response is a stream if messages precede it, and plain JSON otherwise.",
  enableDnsRebindingProtection: "Omit it: it is always on.",
  authContext: "Use `protect` or `OAuthProvider`: the factory gets `props`, and each handler gets `context.caller`.",
  allowedHostnames: "Use `allowedHosts`.",
  allowedOriginHostnames: 'Use `allowedOrigins`: `["https://app.example.com"]`.',
  jurisdiction: "Jurisdictions are not supported.",
  stateless: LEAVE_OUT,
};

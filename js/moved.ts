/** Options that endpoints have in `agents`, for servers that move over. */
import { namesOf } from "./options.js";

/** What a browser may do elsewhere; here a page may whatever MCP needs, or nothing. */
export interface CORSOptions {
  /** The same as `allowedOrigins`: one origin, or `"*"`. */
  origin?: string | undefined;
  /** Without effect: what MCP needs is allowed. */
  methods?: string | undefined;
  /** Without effect: what MCP needs is allowed. */
  headers?: string | undefined;
  /** Without effect: what MCP needs is allowed. */
  exposeHeaders?: string | undefined;
  /** Without effect. */
  maxAge?: number | undefined;
}

export const CORS = namesOf<CORSOptions>("corsOptions", {
  origin: true,
  methods: true,
  headers: true,
  exposeHeaders: true,
  maxAge: true,
});

/** `allowedOrigins`, where `corsOptions` says them. */
export function originsOf(
  allowed: readonly string[] | "*" | undefined,
  cors: CORSOptions | false | undefined,
): readonly string[] | "*" | undefined {
  const origin = cors === false ? undefined : cors?.origin;
  if (origin === undefined || allowed === "*") return allowed;
  return origin === "*" ? "*" : [...(allowed ?? []), origin];
}

const LEAVE_OUT = "Leave it out: there is no transport to set up, and a session is its id.";

/** Options of transports that are none here. */
export const TRANSPORT: Record<string, string> = {
  transport: LEAVE_OUT,
  sessionIdGenerator: LEAVE_OUT,
  onsessioninitialized: LEAVE_OUT,
  onsessionclosed: LEAVE_OUT,
  storage: LEAVE_OUT,
  eventStore: "Leave it out: streams can be resumed where there are objects.",
  enableJsonResponse:
    "Leave it out: an answer is a stream where something is said before it, and plain JSON otherwise.",
  enableDnsRebindingProtection: "Leave it out: it is on.",
  authContext: "Use `protect` or `OAuthProvider`: the factory gets `props`, and each handler `context.caller`.",
  allowedHostnames: "Use `allowedHosts`.",
  allowedOriginHostnames: 'Use `allowedOrigins`: `["https://app.example.com"]`.',
  jurisdiction: "Objects in a jurisdiction are not supported.",
  stateless: LEAVE_OUT,
};

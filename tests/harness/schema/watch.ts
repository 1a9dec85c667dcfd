/**
 * Looks at all that a server sends, and says what no revision's official schema allows. It follows sessions, so that it
 * knows which revision a message belongs to, and requests, so that it knows what a result answers.
 */
import { REVISIONS, type Revision } from "./definitions.ts";
import { type Oracles, type Pending, faultsOf } from "./faults.ts";

/** A request on its way to the server. */
export interface Asked {
  /** Absolute, or path and query. */
  url: string;
  header: (name: string) => string | null;
  /** The body; undefined where nobody can tell. */
  body: string | undefined;
}

/** What comes back for one request. */
export interface Exchange {
  /** A whole body, with what the response's head says. */
  whole(head: { status: number; header: (name: string) => string | null }, text: string): void;
  /** An event of a stream. */
  event(event: { event: string; data: string }): void;
}

interface Session {
  revision: Revision;
  pending: Map<string, Pending>;
}

interface Sent {
  id?: unknown;
  method?: string;
  result?: unknown;
  error?: unknown;
  params?: { _meta?: Record<string, unknown> };
}

const MODERN: Revision = "2026-07-28";
const NEWEST_LEGACY: Revision = "2025-11-25";
const UNSAID: Revision = "2025-03-26";
const CLAIM = "io.modelcontextprotocol/protocolVersion";

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const known = (name: unknown): Revision | undefined => REVISIONS.find((revision) => revision === name);

/** Watches one server. `complain` is told of each message that is not allowed. */
export class Watch {
  readonly #oracles: Oracles;
  readonly #complain: (fault: string) => void;
  readonly #sessions = new Map<string, Session>();
  /** How many messages it has judged. */
  messages = 0;

  constructor(oracles: Oracles, complain: (fault: string) => void) {
    this.#oracles = oracles;
    this.#complain = complain;
  }

  /** A request has been sent. */
  asked(asked: Asked): Exchange {
    const sent = asked.body === undefined ? [] : (listOf(parsed(asked.body)) as (Sent | null | undefined)[]);
    const requests = sent.filter((message): message is Sent => typeof message === "object" && message !== null);
    const initialize = requests.find(({ method }) => method === "initialize");
    let sessionId = asked.header("mcp-session-id") ?? new URL(asked.url, "http://x").searchParams.get("sessionId");
    const session = () => (sessionId === null ? undefined : this.#sessions.get(sessionId));
    const revision = () => this.#revisionOf(asked, requests, session());
    const pending = new Map<string, Pending>();
    for (const { id, method, result, error } of requests) {
      if (id === undefined || result !== undefined || error !== undefined) continue;
      // What is no request either (it has no method) may be told so under its id.
      const asked: Pending = method === undefined ? {} : { method };
      pending.set(JSON.stringify(id), asked);
      session()?.pending.set(JSON.stringify(id), asked);
    }
    const answered = (id: unknown) => {
      const key = JSON.stringify(id);
      return pending.get(key) ?? session()?.pending.get(key) ?? (asked.body === undefined ? {} : undefined);
    };
    const judge = (message: unknown) => {
      const agreed = agreedIn(message);
      if (agreed && sessionId !== null && session()) (session() as Session).revision = agreed;
      const spoken = agreed ?? (initialize && !session() ? NEWEST_LEGACY : revision());
      this.#judge(spoken, message, answered);
    };
    return {
      whole: ({ status, header }, text) => {
        const type = header("content-type") ?? "";
        if (!type.startsWith("application/json") || text === "") return;
        const body = parsed(text);
        if (body === undefined) {
          this.#complain(`not JSON: ${text}`);
          return;
        }
        const isMessage = listOf(body).some((it) => typeof it === "object" && it !== null && "jsonrpc" in it);
        // Other endpoints answer with other JSON, and a guard has words of its own.
        if (!isMessage && (status !== 200 || !requests.some((it) => "jsonrpc" in it))) return;
        if (Array.isArray(body) && revision() !== UNSAID) this.#complain(`${revision()} has no batches: ${text}`);
        const opened = header("mcp-session-id");
        if (opened !== null && initialize) {
          sessionId = opened;
          this.#sessions.set(opened, { revision: NEWEST_LEGACY, pending: new Map(pending) });
        }
        for (const message of listOf(body)) judge(message);
      },
      event: ({ event, data }) => {
        if (event === "endpoint") {
          sessionId = new URL(data, "http://x").searchParams.get("sessionId");
          if (sessionId !== null) this.#sessions.set(sessionId, { revision: NEWEST_LEGACY, pending: new Map() });
        } else if (event !== "message") {
          this.#complain(`an event of the kind ${event}`);
        } else if (data !== "") {
          const message = parsed(data);
          if (message === undefined) this.#complain(`not JSON: ${data}`);
          else for (const one of listOf(message)) judge(one);
        }
      },
    };
  }

  #revisionOf(asked: Asked, requests: Sent[], session: Session | undefined): Revision {
    const header = known(asked.header("mcp-protocol-version")?.trim());
    const claims = requests.some(({ params }) => (params as Sent["params"] | null)?._meta?.[CLAIM] !== undefined);
    if (claims || header === MODERN) return MODERN;
    return header ?? session?.revision ?? UNSAID;
  }

  #judge(revision: Revision, message: unknown, answered: (id: unknown) => Pending | undefined): void {
    this.messages += 1;
    const faults = faultsOf(this.#oracles(revision), revision, message, answered);
    if (faults.length > 0)
      this.#complain(`${revision}: ${faults.join("; ")}: ${JSON.stringify(message).slice(0, 500)}`);
  }
}

/** The revision that an answer to `initialize` agrees on. */
function agreedIn(message: unknown): Revision | undefined {
  const { result } = (message ?? {}) as { result?: { protocolVersion?: unknown } | null };
  return known(result?.protocolVersion);
}

/** The guard of every endpoint that asks for tokens: what the verifier finds becomes a caller, or a challenge. */
import { respond } from "../endpoint.js";
import type { Caller, Decision, Guard, Pass, StepUp } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { run } from "../run.js";
import type { Answer, BearerCore, Refusal, RefusedInput } from "../wire.js";
import { ofCaller } from "./caller.js";
import { NO_WORLD } from "./no-world.js";
import type { Found, TokenVerifier } from "./verifier.js";

/** How a guard judges what its verifier finds. */
export interface BearerGuardOptions<Env> {
  /** Scopes that every request needs. */
  requiredScopes?: readonly string[] | undefined;
  /** Scopes that a scope stands for as well: `(scope) => (scope === "admin" ? ["read", "write"] : [])`. */
  impliedScopes?: (scope: string) => readonly string[];
  /** Makes `this.props` of the claims. Runs once for each token. */
  context?: (claims: Record<string, unknown>, about: { env: Env }) => Props | Promise<Props>;
}

type Props = Record<string, unknown>;

/**
 * The guard in front of one endpoint. `metadata` is the URL of its protected resource metadata, if it has any; `usual` are the
 * scopes that a client is to ask for where every request needs none in particular.
 */
export class BearerGuard<Env = unknown> implements Guard<Env> {
  readonly #core: BearerCore;
  readonly #verifier: TokenVerifier<Env>;
  readonly #options: BearerGuardOptions<Env>;
  readonly #stepUp: StepUp;
  /** What a client without a good token is told to ask for. */
  readonly #wanted: readonly string[];
  /** Callers as the options make them, by those that the verifier gave. */
  readonly #made = new WeakMap<Caller, Caller | Promise<Caller>>();

  constructor(
    core: BearerCore,
    verifier: TokenVerifier<Env>,
    options: BearerGuardOptions<Env>,
    metadata: StepUp["metadata"],
    usual: readonly string[] = [],
  ) {
    this.#core = core;
    this.#verifier = verifier;
    this.#options = options;
    this.#stepUp = { scopes: options.requiredScopes ?? [], metadata };
    this.#wanted = this.#stepUp.scopes.length > 0 ? this.#stepUp.scopes : usual;
  }

  get bearer(): boolean {
    return this.#verifier.bearer === true;
  }

  admit(site: Pass, incoming: Incoming, env: Env, ctx: ExecutionContext): Decision | Promise<Decision> {
    const found = this.#verifier.identify(incoming, env, ctx);
    return found instanceof Promise
      ? found.then((found) => this.#decide(found, site, incoming, env))
      : this.#decide(found, site, incoming, env);
  }

  #decide(found: Found, site: Pass, incoming: Incoming, env: Env): Decision | Promise<Decision> {
    if ("refused" in found) {
      if (found.refused !== "absent") console.warn(`[mcp-wicket] A request was refused: ${found.reason}.`);
      return this.#refuse(found.refused, site, incoming);
    }
    const { context, impliedScopes } = this.#options;
    if (!context && !impliedScopes) return this.#pass(found, site, incoming);
    let made = this.#made.get(found);
    if (made === undefined) {
      made = ofCaller(found, env, this.#options);
      this.#made.set(found, made);
    }
    if (!(made instanceof Promise)) return this.#pass(made, site, incoming);
    return made.then(
      (made) => {
        this.#made.set(found, made);
        return this.#pass(made, site, incoming);
      },
      (error: unknown) => {
        this.#made.delete(found);
        throw error;
      },
    );
  }

  #pass(caller: Caller, site: Pass, incoming: Incoming): Decision | Promise<Decision> {
    for (const scope of this.#stepUp.scopes) {
      if (!caller.scopes.has(scope)) return this.#refuse("scope", site, incoming);
    }
    return { headers: site.headers, caller, stepUp: this.#stepUp };
  }

  async #refuse(refused: Refusal, site: Pass, incoming: Incoming): Promise<Response> {
    const input: RefusedInput = { refused };
    if (this.#wanted.length > 0) input.scope = this.#wanted.join(" ");
    const metadata = this.#stepUp.metadata(incoming);
    if (metadata !== undefined) input.metadata = metadata;
    const ended = await run<Answer>(this.#core.refuse, JSON.stringify(input), "", NO_WORLD);
    if (!("done" in ended)) throw new Error("a refusal is never spliced");
    return respond(ended.done, site.headers);
  }
}

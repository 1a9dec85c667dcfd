/** `developmentSignIn`: a Worker whose people sign in at a stand-in, on this computer. */
import { WicketError } from "../common/errors.js";
import { checkOptions, namesOf } from "../common/options.js";
import type { AppFetch } from "../common/runtime.js";
import { provideStandIn } from "../oauth/identity/stand-in.js";
import { intercept } from "../testing/intercept.js";
import { isLoopback, isOn, whyNotFrom, whyNotIn } from "./gate.js";
import { type DevelopmentPerson, PEOPLE, PERSON, People } from "./people.js";
import { PROVIDERS, api } from "./providers.js";

export interface DevelopmentSignInOptions {
  /** The people to choose from. By default Ada Lovelace (`ada@example.com`) and Grace Hopper (`grace@example.com`). */
  people?: readonly DevelopmentPerson[];
}

const OPTIONS = namesOf<DevelopmentSignInOptions>("developmentSignIn", { people: PERSON });

/** Below this path are the pages of the stand-ins, one folder for each provider. */
const ROOT = "/development";

/** A Worker with `fetch`: an `OAuthProvider`, or an object that calls one. */
export interface DevelopmentTarget<Env> {
  fetch: AppFetch<Env>;
}

/**
 * The same Worker, for `wrangler dev`: where a handler has no `clientId`, people sign in at a stand-in for its provider, with
 * one click and without an account. Put it into a file of its own, which is not deployed:
 *
 * ```ts
 * // src/development.ts: npx wrangler dev src/development.ts --var MCP_WICKET_DEVELOPMENT:sign-in
 * import { developmentSignIn } from "mcp-wicket/development";
 * import worker from "./index";
 *
 * export * from "./index";
 * export default developmentSignIn(worker);
 * ```
 *
 * It needs the variable `MCP_WICKET_DEVELOPMENT` with the value `sign-in`. While that is set, the Worker only answers requests
 * that this computer sent to itself, and the stand-in is off if `WICKET_SECRET` is set. A tunnel of HTTP requests is refused.
 * One of TCP connections, such as `ssh -R`, looks like this computer: open none to this port.
 * Throws `ERR_OPTIONS` for unknown options, `ERR_ARGUMENT` for a target without `fetch`.
 */
export function developmentSignIn<Env, Target extends DevelopmentTarget<Env>>(
  target: Target & DevelopmentTarget<Env>,
  options: DevelopmentSignInOptions = {},
): Omit<Target, "fetch"> & { fetch: AppFetch<Env> } {
  checkOptions(OPTIONS, options);
  if (typeof (target as Partial<Target> | null | undefined)?.fetch !== "function") {
    throw new WicketError("ERR_ARGUMENT", "developmentSignIn needs a Worker's default export, which has `fetch`.");
  }
  const standIns = new StandIns(new People(options.people ?? PEOPLE));
  provideStandIn((kind, env) => standIns.optionsFor(kind, env));
  const fetch: AppFetch<Env> = async (request, env, ctx) =>
    (await standIns.respond(request, env)) ?? target.fetch(request, env, ctx);
  return { ...target, fetch };
}

class StandIns {
  readonly #people: People;
  /** Where this Worker is, since the first request that was allowed. */
  #origin: string | undefined;
  readonly #said = new Set<string>();

  constructor(people: People) {
    this.#people = people;
  }

  /** The options that lead a handler here; undefined where the development sign-in is off. */
  optionsFor(kind: string, env: unknown) {
    const provider = PROVIDERS[kind];
    if (!provider || this.#origin === undefined || whyNotIn(env) !== undefined) return undefined;
    this.#say(`People sign in at a stand-in for ${provider.name}. It works on this computer only.`);
    const options = provider.options(`${this.#origin}${ROOT}/${kind}`);
    return { ...options, clientId: "development", clientSecret: "development" };
  }

  /** The response to a request that is not allowed, or that is for a page of a stand-in. */
  async respond(request: Request, env: unknown): Promise<Response | undefined> {
    if (!isOn(env)) return undefined;
    const reason = whyNotFrom(request);
    if (reason !== undefined) {
      this.#say(
        `A request was refused: ${reason}. While the variable MCP_WICKET_DEVELOPMENT is set, only this computer may call this Worker. With --host, or with routes in the configuration, \`wrangler dev\` replaces the host of each request: run it without them. For a tunnel, run the Worker without the development sign-in: \`npx wrangler dev\`.`,
      );
      return text(403, "This server only answers requests from its own computer: its development sign-in is on.");
    }
    const off = whyNotIn(env);
    if (off !== undefined) {
      this.#say(`The development sign-in is off: ${off}.`);
      return undefined;
    }
    const { origin, pathname, searchParams } = new URL(request.url);
    if (this.#origin === undefined) {
      this.#origin = origin;
      intercept((outgoing) => this.#answer(outgoing));
    }
    const found = standInAt(pathname);
    if (!found) return undefined;
    if (found.path !== found.provider.authorize || request.method !== "GET") return text(404, "Not found.");
    const redirect = ownCallback(searchParams.get("redirect_uri"), origin);
    if (!redirect) return text(400, "redirect_uri must be the callback of this Worker.");
    return this.#people.page(searchParams, redirect, found.provider.name);
  }

  /** Answers a fetch of this Worker to a stand-in, in the same isolate: no request from outside ends here. */
  #answer(request: Request): Promise<Response> | Response | undefined {
    const { origin, pathname } = new URL(request.url);
    const found = origin === this.#origin ? standInAt(pathname) : undefined;
    if (!found) return api(request, this.#people);
    return found.provider.answer(found.path, request, `${origin}${ROOT}/${found.kind}`, this.#people);
  }

  /** Once each. */
  #say(line: string): void {
    if (this.#said.has(line) || this.#said.size > MAX_LINES) return;
    this.#said.add(line);
    console.warn(`[mcp-wicket] ${line}`);
  }
}

const MAX_LINES = 50;

function standInAt(pathname: string) {
  const [, kind = "", path = ""] = /^\/development\/(\w+)(\/.*)$/.exec(pathname) ?? [];
  const provider = Object.hasOwn(PROVIDERS, kind) ? PROVIDERS[kind] : undefined;
  return provider && { kind, path, provider };
}

/** A redirect URI on the same port of this computer. */
function ownCallback(given: string | null, origin: string): URL | undefined {
  if (given === null || !URL.canParse(given)) return undefined;
  const url = new URL(given);
  const isOwn = url.protocol === "http:" && isLoopback(url.hostname) && url.port === new URL(origin).port;
  return isOwn ? url : undefined;
}

function text(status: number, body: string): Response {
  const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(`${body}\n`, { status, headers });
}

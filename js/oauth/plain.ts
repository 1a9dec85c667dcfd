/** A handler of the app's own as an endpoint behind the guard. */
import { type AppFetch, type GuardedCore, coreFor, guard } from "../endpoint.js";
import type { Endpoint } from "../guard.js";
import { Route } from "../route.js";
import type { ApiHandler } from "./options.js";

/** Marks a handler of the app's own. */
export const PLAIN = Symbol("plain");

/** A handler of the app's own behind the guard: it finds the caller's props as `ctx.props`. */
export function plain<Env>(route: string, handler: ApiHandler<Env>): Endpoint<Env> & { [PLAIN]: true } {
  let core: GuardedCore | undefined;
  const answer: AppFetch<Env> =
    typeof handler === "function" ? handler : (request, env, ctx) => handler.fetch(request, env, ctx);
  const at = new Route("apiHandlers", route);
  return {
    [PLAIN]: true,
    routes: [at],
    async serve(incoming, env, ctx, own) {
      const site = await guard((core ??= coreFor({}, env)), incoming, "GET, POST, PUT, PATCH, DELETE", true);
      // Any page may ask, since a token is needed. What a preflight asks is answered here, as it has none.
      const isPreflight = incoming.headers.has("access-control-request-method");
      if (site instanceof Response && isPreflight) return site;
      const headers = site instanceof Response ? [] : site.headers;
      const pass = await own.admit({ headers }, incoming, env, ctx);
      if (pass instanceof Response) return pass;
      (ctx as { props?: unknown }).props = pass.caller?.props;
      const answered = await answer(incoming.request, env, ctx);
      const isItsOwn = answered.headers.has("access-control-allow-origin") || answered.status === 101;
      if (isItsOwn || !incoming.headers.has("origin")) return answered;
      const copy = new Response(answered.body, answered);
      for (const [name, value] of headers) copy.headers.append(name, value);
      return copy;
    },
  };
}

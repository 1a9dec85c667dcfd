/** A handler of the app as an endpoint behind the guard. */
import { type GuardedCore, coreFor, guard } from "../mcp/endpoint.js";
import type { Endpoint } from "../auth/guard.js";
import { Route } from "../http/route.js";
import { type ApiHandler, fetchOf } from "../common/runtime.js";

/** Marks a handler of the app. */
export const APP_ENDPOINT = Symbol("app endpoint");

/** A handler of the app behind the guard: it gets the caller's props as `ctx.props`. */
export function appEndpoint<Env>(route: string, handler: ApiHandler<Env>): Endpoint<Env> & { [APP_ENDPOINT]: true } {
  let core: GuardedCore | undefined;
  const answer = fetchOf(handler);
  const at = new Route("apiHandlers", route);
  return {
    [APP_ENDPOINT]: true,
    routes: [at],
    async serve(incoming, env, ctx, own) {
      const methods = "GET, POST, PUT, PATCH, DELETE";
      // Any page may call, if a token is required that no browser adds.
      const cors = await guard((core ??= coreFor({}, env)), incoming, methods, own.bearer === true);
      // Preflights have no token, so they are answered here; any other OPTIONS is the app's.
      const isPreflight = incoming.headers.has("access-control-request-method");
      if (cors instanceof Response && (isPreflight || incoming.method !== "OPTIONS")) return cors;
      const headers = cors instanceof Response ? [] : cors.headers;
      const access = await own.admit({ headers }, incoming, env, ctx);
      if (access instanceof Response) return access;
      (ctx as { props?: unknown }).props = access.caller?.props;
      const answered = await answer(incoming.request, env, ctx);
      const isItsOwn = answered.headers.has("access-control-allow-origin") || answered.status === 101;
      if (isItsOwn || !incoming.headers.has("origin")) return answered;
      const copy = new Response(answered.body, answered);
      for (const [name, value] of headers) copy.headers.append(name, value);
      return copy;
    },
  };
}

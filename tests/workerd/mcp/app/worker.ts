/** The Worker under test: every endpoint has a path of its own. */
import { type FetchHandler, WicketObject } from "mcp-wicket";
import { Asking, AskingPlaced, askingHandler } from "./asking.ts";
import { CallersInObject, CallersInWorker, callers } from "./callers.ts";
import { Changing, ChangingPlaced, LatePlaced, changing } from "./changing.ts";
import { Flaky, Homeless, HomelessStream, Keeping, OwnAlarm, Placed, Plain, Stateful } from "./agents.ts";
import { GuardedInObject, GuardedInWorker, guarded, guardedContext, unguarded } from "./guarded.ts";
import { TenantInObject, TenantInWorker, tenantHandler } from "./tenants.ts";

export {
  Asking,
  AskingPlaced,
  CallersInObject,
  CallersInWorker,
  Changing,
  ChangingPlaced,
  Flaky,
  GuardedInObject,
  GuardedInWorker,
  Keeping,
  LatePlaced,
  OwnAlarm,
  Placed,
  Plain,
  Stateful,
  TenantInObject,
  WicketObject,
};

const open = { allowedOrigins: ["https://app.example.com"] };

const endpoints: Record<string, FetchHandler<Cloudflare.Env>> = {
  "/plain": Plain.serve("/plain").fetch,
  "/plain-open": Plain.serve("/plain-open", open).fetch,
  "/plain-sse": Plain.serveSSE("/plain-sse").fetch,
  "/placed": Placed.serve("/placed").fetch,
  "/placed-sse": Placed.serveSSE("/placed-sse").fetch,
  "/stateful": Stateful.serve("/stateful").fetch,
  "/keeping": Keeping.serve("/keeping").fetch,
  "/keeping-kept": Keeping.serve("/keeping-kept", { sessions: "object" }).fetch,
  "/keeping-sse": Keeping.serveSSE("/keeping-sse").fetch,
  "/own-alarm": OwnAlarm.serve("/own-alarm").fetch,
  "/own-alarm-kept": OwnAlarm.serve("/own-alarm-kept", { sessions: "object" }).fetch,
  "/flaky": Flaky.serve("/flaky").fetch,
  "/homeless": Homeless.serve("/homeless").fetch,
  "/homeless-sse": HomelessStream.serveSSE("/homeless-sse", { objects: "Nowhere" }).fetch,
  "/tenant-worker": TenantInWorker.serve("/tenant-worker").fetch,
  "/tenant-object": TenantInObject.serve("/tenant-object").fetch,
  "/tenant-handler": tenantHandler,
  "/asking": askingHandler,
  "/asking-sse": Asking.serveSSE("/asking-sse").fetch,
  "/asking-placed-sse": AskingPlaced.serveSSE("/asking-placed-sse").fetch,
  ...changing,
  "/asking-agent": Asking.serve("/asking-agent").fetch,
  "/asking-placed": AskingPlaced.serve("/asking-placed").fetch,
  "/callers-worker": callers.fetch,
  "/callers-worker-sse": callers.fetch,
  "/callers-object": callers.fetch,
  "/callers-object-sse": callers.fetch,
  "/guarded-worker": guarded.fetch,
  "/guarded-object": guarded.fetch,
  "/guarded-sse": guarded.fetch,
  "/guarded-handler": guarded.fetch,
  "/guarded-context": guardedContext.fetch,
  "/api/mcp": guardedContext.fetch,
  "/unguarded": unguarded,
};

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/.well-known/oauth-protected-resource")) return guarded.fetch(request, env, ctx);
    const path = pathname.replace(/\/message$/, "").replace("/.well-known/oauth-protected-resource", "");
    const endpoint = endpoints[path];
    if (!endpoint) return new Response("Not found", { status: 404 });
    // What a sign-in in front would do.
    const user = request.headers.get("x-user");
    if (user !== null) (ctx as { props?: object }).props = { user };
    return endpoint(request, env, ctx);
  },
} satisfies ExportedHandler<Cloudflare.Env>;

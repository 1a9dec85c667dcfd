/** What `wrangler.toml` binds. */
declare namespace Cloudflare {
  interface Env {
    KV: KVNamespace;
    DB: D1Database;
    LIST_KEEPING: DurableObjectNamespace;
    LIST_OWN_ALARM: DurableObjectNamespace;
    LIST_STATEFUL: DurableObjectNamespace;
    LIST_WICKET_OBJECT: DurableObjectNamespace;
  }
  interface GlobalProps {
    mainModule: typeof import("../app/worker.ts");
    durableNamespaces:
      | "Asking"
      | "AskingPlaced"
      | "Changing"
      | "ChangingPlaced"
      | "Flaky"
      | "Placed"
      | "Plain"
      | "Stateful"
      | "TenantInObject"
      | "WicketObject";
  }
}

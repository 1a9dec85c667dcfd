/** What `wrangler.toml` binds. */
declare namespace Cloudflare {
  interface Env {
    KV: KVNamespace;
    DB: D1Database;
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

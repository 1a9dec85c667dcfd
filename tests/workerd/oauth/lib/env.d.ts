/** What `wrangler.toml` binds. */
declare namespace Cloudflare {
  interface Env {
    OAUTH_KV: KVNamespace;
    DB: D1Database;
    KV_DOUBLE?: string;
  }
  interface GlobalProps {
    mainModule: typeof import("../app/worker.ts");
    durableNamespaces: "MyMCP";
  }
}

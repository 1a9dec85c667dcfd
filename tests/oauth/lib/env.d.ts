/** What `wrangler.toml` binds. */
declare namespace Cloudflare {
  interface Env {
    OAUTH_KV: KVNamespace;
  }
  interface GlobalProps {
    mainModule: typeof import("../app/worker.ts");
    durableNamespaces: "MyMCP";
  }
}

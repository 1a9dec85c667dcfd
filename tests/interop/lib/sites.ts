/** The three servers that clients visit: the README's smallest, one behind API keys, one behind a sign-in at GitHub. */
import { readFileSync } from "node:fs";
import { at } from "../../harness/paths.ts";
import { GitHubStandIn } from "../../harness/stand-ins/github.ts";
import { type StandIn, stand } from "../../harness/stand-ins/server.ts";
import { start } from "../../harness/workerd.ts";
import { person } from "./person.ts";
import type { Site } from "./visits.ts";

export interface Sites {
  open: Site;
  key: Site;
  "sign in": Site & Required<Pick<Site, "person">>;
  stop(): Promise<void>;
}

/** The key that everybody knows: it is the one of the example. */
const KEY = "wk_demo_b25seS1mb3ItbG9jYWxob3N0LWFuZC1ldmVyeWJvZHk";
const KEYS = /^API_KEYS = '(.*)'$/m.exec(readFileSync(at("examples/api-key/wrangler.toml"), "utf8"))?.[1] ?? "";

/** Where Codex has its client metadata document. */
const CODEX = "https://chatgpt.com/oauth/codex/client.json";

/** Serves that document, as draft-ietf-oauth-client-id-metadata-document asks for it. */
const codexStandIn: StandIn = {
  hosts: ["chatgpt.com"],
  answer: ({ url }) =>
    url === CODEX
      ? Response.json({
          client_id: CODEX,
          client_name: "Codex",
          redirect_uris: ["http://127.0.0.1/callback"],
          grant_types: ["authorization_code", "refresh_token"],
          response_types: ["code"],
          token_endpoint_auth_method: "none",
        })
      : new Response("not found", { status: 404 }),
};

export async function sites(): Promise<Sites> {
  const accounts = [{ id: 1, login: "ada", email: "ada@example.com" }];
  const standing = await stand(new GitHubStandIn({ id: "client-1", secret: "s3cret" }, accounts), codexStandIn);
  const worker = (name: string) => at("tests/interop/workers", name, "wrangler.toml");
  const [open, key, signIn] = await Promise.all([
    start(at("tests/sockets/mcp/smallest/wrangler.toml")),
    start(worker("key"), { vars: { API_KEYS: KEYS } }),
    start(worker("sign-in"), { outbound: standing.port }),
  ]);
  const isHere = (input: Parameters<typeof fetch>[0]) => new URL(new Request(input).url).protocol === "http:";
  const find: typeof fetch = (input, init) => (isHere(input) ? fetch(input, init) : standing.fetch(input, init));
  const ada = await person({ find, host: "github.com", link: "Authorize as ada" });
  return {
    open: { url: `${open.url}/mcp` },
    key: { url: `${key.url}/mcp`, key: KEY },
    "sign in": { url: `${signIn.url}/mcp`, person: ada },
    async stop() {
      ada.stop();
      await Promise.all([open.stop(), key.stop(), signIn.stop(), standing.stop()]);
    },
  };
}

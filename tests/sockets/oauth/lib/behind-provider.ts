/** The Worker of these tests, with a real OpenID provider as its upstream. */
import { at } from "../../../harness/paths.ts";
import { type OpenIDProvider, openIDProvider } from "../../../harness/provider.ts";
import { type Running, start } from "../../../harness/workerd.ts";

export interface BehindProvider {
  readonly provider: OpenIDProvider;
  readonly worker: Running;
  stop(): Promise<void>;
}

export async function behindProvider(): Promise<BehindProvider> {
  const provider = await openIDProvider();
  const worker = await start(at("tests/sockets/oauth/wrangler.toml"), {
    vars: { UPSTREAM: "generic", ISSUER: provider.issuer },
  });
  await provider.admit(`${worker.url}/callback`);
  const stop = async () => {
    await worker.stop();
    provider.stop();
  };
  return { provider, worker, stop };
}

/** Registers a public client; gives its id. */
export async function registered(worker: Running, redirect: string): Promise<string> {
  const response = await fetch(`${worker.url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "e2e", redirect_uris: [redirect], token_endpoint_auth_method: "none" }),
  });
  return ((await response.json()) as { client_id: string }).client_id;
}

/** A real OpenID provider on this machine, and somebody who signs in there. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type GenerateKeyPairResult, exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import type { UserAgent } from "./agent.ts";

export interface OpenIDProvider {
  issuer: string;
  /** Registers the client, once its callback is known; the provider signs with this key, or a new one (default RS256). */
  admit(callback: string, algorithm?: string, key?: GenerateKeyPairResult): Promise<void>;
  /** What becomes of the ID tokens that the provider sends; by default nothing. */
  lie?: ((token: string) => string | Promise<string>) | undefined;
  /** Method and path of each request, in their order. */
  asked: string[];
  /** How long access tokens live, in seconds; counts from the next `admit`. */
  accessTokenTtl: number;
  stop(): void;
}

/** Listens; answers once a client is admitted. Its people are whoever they say they are. */
export async function openIDProvider(): Promise<OpenIDProvider> {
  let answer: ReturnType<Provider["callback"]> | undefined;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ""} ${request.url?.split("?")[0] ?? ""}`);
    if (answer) void answer(request, response);
    else response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let keys = 0;
  const made: OpenIDProvider = {
    issuer,
    asked,
    accessTokenTtl: 600,
    async admit(callback, algorithm = "RS256", given) {
      const { privateKey } = given ?? (await generateKeyPair(algorithm, { extractable: true }));
      const key = { ...(await exportJWK(privateKey)), kid: `key-${++keys}`, use: "sig", alg: algorithm };
      const provider = new Provider(issuer, {
        jwks: { keys: [key] },
        enabledJWA: { idTokenSigningAlgValues: [algorithm] },
        features: { revocation: { enabled: true } },
        clients: [
          {
            client_id: "client-1",
            client_secret: "s3cret",
            redirect_uris: [callback],
            id_token_signed_response_alg: algorithm,
            grant_types: ["authorization_code", "refresh_token"],
          },
        ],
        claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email", "email_verified"] },
        scopes: ["openid", "profile", "email", "offline_access"],
        pkce: { required: () => true },
        cookies: { keys: ["for tests"] },
        issueRefreshToken: () => true,
        ttl: {
          Interaction: 600,
          Session: 600,
          Grant: 600,
          AccessToken: made.accessTokenTtl,
          RefreshToken: 600,
          IdToken: 600,
        },
        findAccount: (_context: unknown, id: string) => ({
          accountId: id,
          claims: () => ({
            sub: id,
            name: `${id} of the tests`,
            preferred_username: id,
            email: `${id}@example.com`,
            email_verified: true,
          }),
        }),
      });
      provider.use(async (context, next) => {
        await next();
        const body = context.body as { id_token?: string } | null;
        if (context.oidc?.route === "token" && body?.id_token) {
          context.body = { ...body, id_token: (await made.lie?.(body.id_token)) ?? body.id_token };
        }
      });
      answer = provider.callback();
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return made;
}

/** Signs in as `login` and agrees, on the provider's own pages; gives where the browser is sent then. */
export async function signInAs(agent: UserAgent, url: string, login: string, callback: string): Promise<string> {
  let at = url;
  for (let steps = 0; steps < 12; steps++) {
    if (at.startsWith(callback)) return at;
    const response = await agent.go(at);
    const location = response.headers.get("location");
    if (location !== null) {
      at = new URL(location, at).href;
      continue;
    }
    const page = await response.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined) throw new Error(`no form at ${at}: ${response.status} ${page}`);
    const answered = await agent.go(new URL(action, at).href, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ prompt, ...(prompt === "login" && { login, password: "any" }) }).toString(),
    });
    const next = answered.headers.get("location");
    if (next === null) throw new Error(`the provider does not go on: ${answered.status} ${await answered.text()}`);
    at = new URL(next, at).href;
  }
  throw new Error(`the provider goes round in circles at ${at}`);
}

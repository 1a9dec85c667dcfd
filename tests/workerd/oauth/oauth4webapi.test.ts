/** The whole way by a client that others wrote: oauth4webapi checks every answer against the specifications. */
import * as oauth from "oauth4webapi";
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

const options = {
  [oauth.customFetch]: (url: string, init: { method: string; headers: Record<string, string>; body?: unknown }) =>
    lib.send(url, {
      method: init.method,
      headers: init.headers,
      ...(init.body instanceof URLSearchParams || typeof init.body === "string" ? { body: init.body } : {}),
    }),
};

test("discovery, registration, authorization, code, refresh, revocation", async () => {
  const resource = new URL(`${lib.SITE}/mcp`);
  const described = await oauth.processResourceDiscoveryResponse(
    resource,
    await oauth.resourceDiscoveryRequest(resource, options),
  );
  const issuer = new URL(described.authorization_servers?.[0] ?? "");
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options }),
  );
  const client = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(
      server,
      { redirect_uris: [lib.REDIRECT], client_name: "oauth4webapi", token_endpoint_auth_method: "none" },
      options,
    ),
  );

  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint ?? "");
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: lib.REDIRECT,
    response_type: "code",
    scope: "read",
    state,
    resource: resource.href,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const browser = new lib.Browser("ann");
  const answer = await lib.arrive(browser, await lib.allow(browser, url.href));
  const params = oauth.validateAuthResponse(server, client, answer, state);

  const issued = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), params, lib.REDIRECT, verifier, options),
  );
  expect(issued.scope).toBe("read");
  expect((await lib.whoami(issued.access_token)).status).toBe(200);

  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, oauth.None(), issued.refresh_token ?? "", options),
  );
  expect((await lib.whoami(refreshed.access_token)).status).toBe(200);

  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, oauth.None(), refreshed.refresh_token ?? "", options),
  );
  expect((await lib.whoami(refreshed.access_token)).status).toBe(401);
});

test("a denial is one that a client can read", async () => {
  const { client_id } = await lib.register();
  const client = { client_id };
  const { params } = await lib.asking(client);
  const browser = new lib.Browser("ann");
  const sealed = lib.consentIn(await (await browser.go(lib.authorizeUrl(params))).text());
  const url = new URL(lib.clickIn(await (await lib.decide(browser, sealed, "deny")).text()));
  const server = { issuer: lib.SITE, authorization_response_iss_parameter_supported: true };
  expect(() => oauth.validateAuthResponse(server, client, url, params.state)).toThrow(
    "authorization response from the server is an error",
  );
});

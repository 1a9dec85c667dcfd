/** Who may register, and how: what the operator says of it. */
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

const CONFIDENTIAL = "https://confidential.example.com";

test("disallowPublicClientRegistration: only a client that gets a secret may register itself", async () => {
  const ask = (method?: string | null) =>
    lib.send(
      `${CONFIDENTIAL}/register`,
      lib.json({ client_name: "Test", redirect_uris: [lib.REDIRECT], token_endpoint_auth_method: method }),
    );
  const refused = await ask("none");
  expect([refused.status, await refused.json()]).toEqual([
    400,
    {
      error: "invalid_client_metadata",
      error_description:
        "This server registers no clients without a secret: token_endpoint_auth_method must be client_secret_basic or client_secret_post.",
    },
  ]);
  // Who says nothing gets a secret (RFC 7591 section 2), here as everywhere.
  for (const method of ["client_secret_basic", "client_secret_post", "", null, undefined]) {
    const answer = await ask(method);
    expect([answer.status, await answer.json()]).toEqual([
      201,
      expect.objectContaining({ client_secret: expect.stringMatching(/^[\w-]{43}$/) as string }),
    ]);
  }
  // A client that is known by a URL has no secret: that is not registered, so the metadata still says so.
  const metadata = await lib.send(`${CONFIDENTIAL}/.well-known/oauth-authorization-server`);
  expect(await metadata.json()).toMatchObject({
    client_id_metadata_document_supported: true,
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
  });
});

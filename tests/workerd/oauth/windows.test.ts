/** What whoever has opened one of our pages in a window may do with it. */
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

test("whoever has opened a page keeps no hold of its window, but for a client in a web page", async () => {
  const policy = async (url: string) => {
    const response = await new lib.Browser("ann").go(url);
    expect(response.status).toBe(200);
    return response.headers.get("cross-origin-opener-policy");
  };
  const consent = async (redirect_uri: string) => {
    const client = await lib.register({ redirect_uris: [redirect_uri] });
    return policy(lib.authorizeUrl((await lib.asking(client, { redirect_uri })).params));
  };
  expect(await policy(`${lib.SITE}/connected`)).toBe("same-origin");
  expect(await consent("cursor://anysphere.cursor-mcp/oauth/callback")).toBe("same-origin");
  // It waits for the window that it has opened to come back, and would lose it.
  expect(await consent(lib.REDIRECT)).toBeNull();
  expect(await consent("http://localhost:6274/oauth/callback")).toBeNull();
});

/** The sample of sign-in in `docs/guides/testing.md`, as it stands there; `tests/workerd/mcp/guide-as-written.test.ts` holds it against the guide. */
import { GitHubHandler, McpServer, OAuthProvider, createMcpHandler } from "mcp-wicket/oauth";
import { connect, signIn, textOf } from "mcp-wicket/testing";
import { expect, test } from "vitest";

const worker = new OAuthProvider({
  objects: "MyMCP",
  defaultHandler: new GitHubHandler({ clientId: "app", clientSecret: "secret", allow: { logins: ["ada"] } }),
  apiHandlers: {
    "/mcp": createMcpHandler(({ props }) => {
      const server = new McpServer({ name: "whoami", version: "1.0.0" });
      server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: String(props?.login) }] }));
      return server;
    }),
  },
});

test("people sign in with GitHub", async () => {
  const session = await signIn(worker, { person: { login: "ada" } });
  const client = await connect(worker, { token: session.accessToken });
  expect(textOf(await client.callTool("whoami"))).toBe("ada");

  const renewed = await session.refresh();
  expect(renewed.accessToken).not.toBe(session.accessToken);
  await expect(signIn(worker, { person: { login: "mallory" } })).rejects.toThrow();
});

/** The pages of the server: who asks is shown to the person, who then signs in with GitHub. */
import type { AuthRequest, ClientInfo } from "@cloudflare/workers-oauth-provider";
import { Hono } from "hono";
import { getSignedCookie, setSignedCookie } from "hono/cookie";
import { html } from "hono/html";
import type { Env, Props } from "./index";

export const pages = new Hono<{ Bindings: Env }>();

const approval = (client: ClientInfo | null, request: AuthRequest, state: string) =>
  html`<!doctype html>
    <title>Notes</title>
    <h1>${client?.clientName ?? "An app"} wants to use your notes</h1>
    <p>It goes on to ${new URL(request.redirectUri).host}, with: ${request.scope.join(", ")}</p>
    <form method="post" action="/authorize">
      <input type="hidden" name="state" value="${state}" />
      <button name="answer" value="yes">Approve</button>
      <button name="answer" value="no">Cancel</button>
    </form>`;

pages.get("/", (c) => c.text("Notes"));

pages.get("/authorize", async (c) => {
  const request = await c.env.OAUTH_PROVIDER.parseAuthRequest(c.req.raw);
  if (!request.clientId) return c.text("Invalid request", 400);
  const client = await c.env.OAUTH_PROVIDER.lookupClient(request.clientId);
  const state = btoa(JSON.stringify(request));
  await setSignedCookie(c, "notes_request", state, c.env.COOKIE_SECRET, { path: "/", secure: true, httpOnly: true });
  return c.html(approval(client, request, state));
});

pages.post("/authorize", async (c) => {
  const form = await c.req.parseBody();
  const state = await getSignedCookie(c, c.env.COOKIE_SECRET, "notes_request");
  if (!state || state !== form.state || form.answer !== "yes") return c.text("Not approved", 400);
  const upstream = new URL("/login/oauth/authorize", c.env.GITHUB_URL);
  upstream.searchParams.set("client_id", c.env.GITHUB_CLIENT_ID);
  upstream.searchParams.set("redirect_uri", new URL("/callback", c.req.url).href);
  upstream.searchParams.set("scope", "read:user");
  upstream.searchParams.set("state", state);
  return c.redirect(upstream.href);
});

pages.get("/callback", async (c) => {
  const { code, state } = c.req.query();
  const kept = await getSignedCookie(c, c.env.COOKIE_SECRET, "notes_request");
  if (!code || !state || kept !== state) return c.text("Invalid state", 400);
  const answer = await fetch(new URL("/login/oauth/access_token", c.env.GITHUB_URL), {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      client_id: c.env.GITHUB_CLIENT_ID,
      client_secret: c.env.GITHUB_CLIENT_SECRET,
      redirect_uri: new URL("/callback", c.req.url).href,
      code,
    }),
  });
  const { access_token: accessToken } = await answer.json<{ access_token: string }>();
  const headers = { Authorization: `Bearer ${accessToken}`, "User-Agent": "notes" };
  const user = await (await fetch(`${c.env.GITHUB_URL}/user`, { headers })).json<{ login: string; name: string }>();
  const request = JSON.parse(atob(state)) as AuthRequest;
  const { redirectTo } = await c.env.OAUTH_PROVIDER.completeAuthorization({
    request,
    userId: user.login,
    metadata: { label: user.name },
    scope: request.scope,
    props: { login: user.login, name: user.name, accessToken } satisfies Props,
  });
  return Response.redirect(redirectTo, 302);
});

/** A handler with pages of its own, as people have written them elsewhere. */
import type { AuthRequest, OAuthHelpers } from "mcp-wicket/oauth";

interface Env {
  OAUTH_PROVIDER: OAuthHelpers;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

export const ownPages = {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/authorize") {
      const asked = await env.OAUTH_PROVIDER.parseAuthRequest(request);
      const client = await env.OAUTH_PROVIDER.lookupClient(asked.clientId);
      return Response.json({ state: btoa(JSON.stringify(asked)), name: client?.clientName, asked });
    }
    if (pathname === "/approve" && request.method === "POST") {
      const form = await request.formData();
      const asked = JSON.parse(atob(text(form.get("state")))) as AuthRequest;
      const userId = text(form.get("user"));
      const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
        request: asked,
        userId,
        metadata: { label: `${userId}@example.com` },
        scope: form.has("scope") ? text(form.get("scope")).split(" ") : asked.scope,
        props: { login: userId },
        revokeExistingGrants: form.has("fresh"),
      });
      return Response.redirect(redirectTo, 302);
    }
    return new Response("home");
  },
};

/** Handlers: what they tell the Rust half, and how they run the operator's own functions. */
import { describe, expect, test } from "vitest";
import { AzureADHandler } from "../../../js/oauth/identity/azure.ts";
import { GenericOAuthHandler } from "../../../js/oauth/identity/generic.ts";
import { GitHubHandler } from "../../../js/oauth/identity/github.ts";
import { GoogleHandler } from "../../../js/oauth/identity/google.ts";
import type { Allow, UpstreamEffect } from "../../../js/oauth/identity/upstream.ts";
import { golden } from "./lib/golden.ts";

interface Env {
  ID: string;
  SECRET?: string;
}
const env: Env = { ID: "Iv1.client", SECRET: "s3cret" };
const settings = { clientId: ({ ID }: Env) => ID, clientSecret: ({ SECRET }: Env) => SECRET };
const contextEffect = JSON.parse(golden("upstream-context")) as UpstreamEffect;
const allowEffect = JSON.parse(golden("upstream-allow")) as UpstreamEffect;

describe("what crosses", () => {
  test("values and functions of the environment", () => {
    const handler = new GitHubHandler<Env>({ ...settings, scopes: ["repo"], name: "gh" });
    expect(handler.identity(env)).toEqual({
      kind: "github",
      clientId: "Iv1.client",
      clientSecret: "s3cret",
      scopes: ["repo"],
      name: "gh",
    });
    const plain = new GoogleHandler({ clientId: "a", clientSecret: "b", hd: "example.com" });
    expect(plain.identity({})).toEqual({ kind: "google", clientId: "a", clientSecret: "b", hd: "example.com" });
  });

  test("every text may be found in the environment", () => {
    const handler = new AzureADHandler<Env>({
      ...settings,
      tenant: ({ ID }) => `tenant of ${ID}`,
      authority: () => undefined,
      prompt: "login",
    });
    expect(handler.identity(env)).toMatchObject({ tenant: "tenant of Iv1.client", prompt: "login" });
    expect(handler.identity(env)).not.toHaveProperty("authority");
  });

  test("what is missing in the environment is named", () => {
    const handler = new GitHubHandler<Partial<Env>>(
      settings as ConstructorParameters<typeof GitHubHandler<Partial<Env>>>[0],
    );
    const missing = (name: string): unknown =>
      expect.objectContaining({
        code: "ERR_UNSET",
        message: expect.stringContaining(`variable ${name} is`) as unknown,
      });
    expect(() => handler.identity({})).toThrow(missing("ID"));
    expect(() => handler.identity({ ID: "a", SECRET: "" })).toThrow(missing("SECRET"));
  });

  test("functions stay here", async () => {
    const handler = new AzureADHandler<Env>({
      ...settings,
      context: () => ({}),
      allow: () => true,
      fetch: async () => new Response(),
    });
    expect(handler.identity(env)).toEqual({
      kind: "azure",
      clientId: "Iv1.client",
      clientSecret: "s3cret",
      context: true,
      allow: true,
    });
    expect(await handler.fetch?.(new Request("https://x.example"), env, {} as ExecutionContext)).toBeInstanceOf(
      Response,
    );
    const endpoints = { authorization: "https://a.example", token: "https://t.example", userinfo: "https://u.example" };
    const generic = new GenericOAuthHandler<Env>({ ...settings, endpoints, allow: { emails: ["a@b.example"] } });
    expect(generic.identity(env)).toMatchObject({ kind: "generic", endpoints, allow: { emails: ["a@b.example"] } });
    expect(generic.fetch).toBeUndefined();
  });
});

describe("context", () => {
  test("gets token and profile, and its object becomes the props", async () => {
    const handler = new GitHubHandler({
      clientId: "a",
      context: async (accessToken, profile) => ({ accessToken, login: profile.login, dropped: undefined }),
    });
    const { json } = await handler.perform(contextEffect);
    expect(JSON.parse(json)).toEqual({ accessToken: 'gho_"1', login: "octocat" });
  });

  test.each([null, undefined, 5, "x", [1], () => ({}), { toJSON: () => 5 }])("%j is no props", async (props) => {
    const handler = new GitHubHandler({ clientId: "a", context: () => props as object });
    await expect(handler.perform(contextEffect)).rejects.toThrow("context must return an object");
  });

  test("is a function", () => {
    expect(() => new GitHubHandler({ clientId: "a", context: {} as () => object })).toThrow(
      "context must be a function",
    );
  });
});

describe("allow", () => {
  const answer = async (allow: Allow) => (await new GoogleHandler({ clientId: "a", allow }).perform(allowEffect)).json;

  test("yes, no, and some scopes", async () => {
    expect(await answer(({ sub }) => sub === "1101")).toBe("true");
    expect(await answer(async () => false)).toBe("false");
    expect(await answer(() => ({ scopes: ["read"] }))).toBe('{"scopes":["read"]}');
  });

  test.each([undefined, 1, "true", "yes"])("%j reaches the core as it is, which takes it for no yes", async (odd) => {
    expect(JSON.parse(await answer(() => odd as unknown as boolean))).toBe(odd ?? null);
  });

  test("where it throws, the effect fails", async () => {
    await expect(
      answer(() => {
        throw new Error("the database is away");
      }),
    ).rejects.toThrow("away");
  });
});

test("an effect that is not a handler's own is refused", async () => {
  const handler = new GitHubHandler({ clientId: "a" });
  await expect(handler.perform(contextEffect)).rejects.toThrow('no "context"');
  await expect(handler.perform(allowEffect)).rejects.toThrow('no "allow"');
  await expect(handler.perform({ kind: "describe" })).rejects.toThrow('no "describe"');
});

/** A handler that signs people in itself is asked at each refresh whether it still knows them. */
import { expect, test } from "vitest";
import { stillKnown } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const SITE = "https://still.example.com";
const PAGES = "https://still-pages.example.com";

const props = async (access: string, site = SITE) => {
  const { result } = await (await lib.whoami(access, site)).json<{ result: { content: { text: string }[] } }>();
  return JSON.parse(result.content[0]?.text ?? "null") as unknown;
};

test("a person who has left gets no new tokens, and one who is back does", async () => {
  const { client, tokens } = await lib.signIn({ site: SITE, user: "ann" });
  stillKnown.answer = () => false;
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, {}, SITE))).toEqual([400, "invalid_grant"]);
  stillKnown.answer = () => Promise.resolve(true);
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token, {}, SITE)).json();
  expect(await props(next.access_token)).toEqual({ login: "ann" });
  expect(stillKnown.asked).toEqual(["ann", "ann"]);
});

test("what has changed counts from the next refresh on", async () => {
  const { client, tokens } = await lib.signIn({ site: SITE, user: "ben" });
  stillKnown.answer = () => ({ props: { login: "ben", role: "guest" }, scopes: ["read"] });
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token, {}, SITE)).json();
  expect(next.scope).toBe("read");
  expect(await props(next.access_token)).toEqual({ login: "ben", role: "guest" });
});

test("a function that throws or never ends is an outage", async () => {
  const { client, tokens } = await lib.signIn({ site: SITE, user: "cid" });
  const answers = [
    () => {
      throw new Error("the directory is away");
    },
    () => new Promise<never>(() => {}),
  ];
  for (const answer of answers) {
    stillKnown.answer = answer;
    const refused = lib.errorOf(lib.refresh(client, tokens.refresh_token, {}, SITE));
    expect(await refused).toEqual([503, "temporarily_unavailable"]);
  }
  stillKnown.answer = () => true;
  expect((await lib.refresh(client, tokens.refresh_token, {}, SITE)).status).toBe(200);
});

const cases = [{}, { known: false }, { active: 0 }, { scopes: undefined }, { scopes: "read" }, "yes", 1, []].entries();
test.each([...cases])(
  "an answer that is understood in part gets nobody new tokens, and ends nothing: %i %j",
  async (at, answer) => {
    const { client, tokens } = await lib.signIn({ site: SITE, user: `eve${at}` });
    stillKnown.answer = () => answer as never;
    expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, {}, SITE))).toEqual([400, "invalid_grant"]);
    stillKnown.answer = () => true;
    expect((await lib.refresh(client, tokens.refresh_token, {}, SITE)).status).toBe(200);
  },
);

test("a handler with pages of its own as well", async () => {
  const client = await lib.register({}, PAGES);
  const { params, verifier } = await lib.asking(client);
  const asked = await (await lib.send(lib.authorizeUrl(params, PAGES))).json<{ state: string }>();
  const approved = await lib.send(`${PAGES}/approve`, lib.form({ state: asked.state, user: "dan" }));
  const code = new URL(approved.headers.get("location") ?? "").searchParams.get("code") ?? "";
  const tokens: lib.Tokens = await (await lib.redeem(client, { code, verifier }, {}, PAGES)).json();
  stillKnown.answer = ({ id }) => id !== "dan";
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, {}, PAGES))).toEqual([400, "invalid_grant"]);
  stillKnown.answer = () => true;
  expect((await lib.refresh(client, tokens.refresh_token, {}, PAGES)).status).toBe(200);
});

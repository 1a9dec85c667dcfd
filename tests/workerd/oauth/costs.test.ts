/** What each flow costs, in calls of objects and in operations of KV and D1: counted where they arrive. See docs/scale.md. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { MyMCP, stillKnown } from "./app/worker.ts";
import * as lib from "./lib/client.ts";
import { DOCUMENTED } from "./lib/documents.ts";

const pages = import.meta.glob<string>("../../../docs/scale.md", { query: "?raw", import: "default", eager: true });
const [page = ""] = Object.values(pages);

/** Everybody's events go to D1 there, before they are answered. */
const SITE = "https://audited.example.com";

type Kind = "object" | "read" | "write" | "d1";
const KINDS: Record<string, Kind> = { wicketAsk: "object", get: "read", put: "write", batch: "d1" };

/** What has arrived. */
const arrived: Kind[] = [];
/** What is done behind an answer. */
const behind: Promise<unknown>[] = [];
/** The rows that D1 counts for each call. */
const rows = new Set<number>();

/** Notes each call of a method, whoever makes it. */
function watch(object: object, method: string, note: (args: unknown[], answer: unknown) => void): void {
  const prototype = object as Record<string, (...args: unknown[]) => unknown>;
  prototype[method] = new Proxy(prototype[method] as (...args: unknown[]) => unknown, {
    apply(target, self, args: unknown[]) {
      const answer: unknown = Reflect.apply(target, self, args);
      note(args, answer);
      return answer;
    },
  });
}
const count = (method: string) => () =>
  void arrived.push(KINDS[method] ?? expect.fail(`${method} is not in the table`));
const watched: [object, string[]][] = [
  [MyMCP.prototype, ["wicketAsk"]],
  [Object.getPrototypeOf(env.OAUTH_KV) as object, ["get", "getWithMetadata", "put", "delete", "list"]],
  [Object.getPrototypeOf(env.DB) as object, ["batch", "exec"]],
  [Object.getPrototypeOf(env.DB.prepare("SELECT 1")) as object, ["run", "all", "first", "raw"]],
];
for (const [prototype, methods] of watched) for (const method of methods) watch(prototype, method, count(method));
watch(Object.getPrototypeOf(env.DB) as object, "batch", (_, answer) => {
  behind.push(
    (answer as Promise<D1Result[]>).then((results) => {
      rows.add(results.reduce((sum, { meta }) => sum + meta.rows_written, 0));
    }),
  );
});
watch(Object.getPrototypeOf(createExecutionContext()) as object, "waitUntil", ([work]) => {
  behind.push(work as Promise<unknown>);
});

/** How often objects were told that their news have arrived, which comes after the answer. */
let receipts = 0;
watch(MyMCP.prototype, "wicketAsk", ([, call]) => {
  if (call === "delivered") receipts++;
});
const received = (number: number) => vi.waitFor(() => expect(receipts).toBe(number), { timeout: 30_000 });

/** The rows of the table, as they are counted. */
const table: string[] = [];

/** Does `work`, and adds what it costs to the table; so many receipts come after it. */
async function costing<T>(flow: string, work: () => Promise<T>, after = 0): Promise<T> {
  arrived.length = 0;
  const before = receipts;
  const answer = await work();
  await received(before + after);
  while (behind.length > 0) await Promise.all(behind.splice(0));
  const of = (kind: Kind) => arrived.filter((one) => one === kind).length;
  const several = (name: string, kind: Kind) => (of(kind) > 0 ? [`${String(of(kind))} ${name}`] : []);
  const kv = [...several("read", "read"), ...several("write", "write")].join(", ");
  const cells = [flow, String(of("object")), kv, several("write", "d1").join("")];
  table.push(`|${cells.map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`);
  return answer;
}

test("each flow costs what docs/scale.md says", async () => {
  const other = await lib.signIn({ site: SITE });
  await lib.whoami(other.tokens.access_token, SITE);
  await received(2);
  await Promise.all(behind.splice(0));
  // The first event has made the table.
  rows.clear();

  const name = `Counted ${lib.random()}`;
  const client = await costing("registration of a new client", () => lib.register({ client_name: name }, SITE));
  await costing("… of a client that is registered already", () => lib.register({ client_name: name }, SITE));

  const browser = new lib.Browser("ann");
  const { params, verifier } = await lib.asking(client);
  const url = lib.authorizeUrl(params, SITE);
  const page = await costing("authorization request, up to the consent page, without a copy in KV", () =>
    browser.go(url),
  );
  await costing("… with a copy in KV", () => new lib.Browser("ann").go(url));
  const documented = lib.authorizeUrl({ ...params, client_id: DOCUMENTED }, SITE);
  await costing("… of a client with a metadata document, once an hour", () => new lib.Browser("ann").go(documented));
  await costing("… otherwise", () => new lib.Browser("ann").go(documented));

  const sealed = lib.consentIn(await page.text());
  const leaving = await costing("Allow", () => lib.decide(browser, sealed, "allow", undefined, SITE));
  const callback = lib.linkIn(await leaving.text());
  const landed = await costing("return from the identity provider", () => lib.arrive(browser, callback), 1);
  const code = landed.searchParams.get("code") ?? "";
  const redeemed = await costing(
    "exchange of a code for tokens",
    () => lib.redeem(client, { code, verifier }, {}, SITE),
    1,
  );
  const { refresh_token } = await redeemed.json<lib.Tokens>();
  const refreshed = await costing("refresh", () => lib.refresh(client, refresh_token, {}, SITE), 1);
  const tokens = await refreshed.json<lib.Tokens>();
  const first = await costing("tool call with a token that is new to this isolate", () =>
    lib.whoami(tokens.access_token, SITE),
  );
  const second = await costing("… with a token that this isolate has seen", () =>
    lib.whoami(tokens.access_token, SITE),
  );
  expect([first.status, second.status]).toEqual([200, 200]);
  const shown = { client_id: client.client_id, token: tokens.refresh_token };
  await costing("revocation", () => lib.send(`${SITE}/revoke`, lib.form(shown)), 1);

  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 31_000);
  const called = await costing(
    "update of the revocation list, every 20 seconds in each isolate that has requests",
    () => lib.whoami(other.tokens.access_token, SITE),
  );
  expect(called.status).toBe(200);
  vi.useRealTimers();

  expect(pageTable()).toEqual(table);
  // As D1 counts them: the event, and its place in the chain.
  expect([...rows]).toEqual([2]);
});

test("a refresh at which somebody is asked costs one call more", async () => {
  const site = "https://still.example.com";
  const { client, tokens } = await lib.signIn({ site });
  arrived.length = 0;
  stillKnown.asked.length = 0;
  expect((await lib.refresh(client, tokens.refresh_token, {}, site)).status).toBe(200);
  expect([stillKnown.asked.length, arrived]).toEqual([1, ["object", "object"]]);
});

/** The rows of the table, as they are documented. */
function pageTable(): string[] {
  const [, part = ""] = page.split("## What each flow costs\n");
  return (part.split("\n## ")[0] ?? "").split("\n").filter((line) => /^\| (?!flow)/.test(line));
}

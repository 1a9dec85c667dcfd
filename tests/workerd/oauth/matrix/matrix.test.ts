/** The negative matrix, cell by cell: the exact answer, and that a request in which nothing is wrong succeeds after it. */
import { describe, expect, test } from "vitest";
import { authorizing, consenting, returning } from "./people.ts";
import { type Endpoint, KINDS, wrong } from "./matrix.ts";
import { codeExchange, introspecting, refreshing, registering, revoking } from "./programs.ts";

const endpoints: Record<string, () => Endpoint | Promise<Endpoint>> = {
  "authorize by GET": () => authorizing("GET"),
  "authorize by POST": () => authorizing("POST"),
  consent: consenting,
  callback: returning,
  "token, code, public client": () => codeExchange("none"),
  "token, code, client with a secret": () => codeExchange("client_secret_post"),
  "token, refresh, public client": () => refreshing("none"),
  "token, refresh, client with a secret": () => refreshing("client_secret_post"),
  register: () => registering,
  revoke: revoking,
  introspect: introspecting,
};

describe.each(Object.keys(endpoints))("%s", (title) => {
  test.each(KINDS)("each parameter %s", async (kind) => {
    const endpoint = await endpoints[title]?.();
    if (!endpoint) throw new Error("there is one");
    const expected: string[] = [];
    const answered: string[] = [];
    for (const [name, row] of Object.entries(endpoint.rows)) {
      const fields = await endpoint.fields();
      expected.push(`${name}: ${row[kind]}`);
      const answer = await endpoint.send(await wrong(endpoint, name, kind, fields), fields);
      // Nothing has happened to the request that is right.
      const after = answer === endpoint.good ? answer : await endpoint.send(Object.entries(fields), fields);
      answered.push(`${name}: ${answer}${after === endpoint.good ? "" : `, then ${after}`}`);
    }
    expect(answered).toEqual(expected);
  });
});

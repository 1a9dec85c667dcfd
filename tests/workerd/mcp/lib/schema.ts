/** Holds what the Worker under test sends against the official schemas: a message that none allows fails the test. */
import { afterEach, expect } from "vitest";
import { lists, revisions } from "virtual:mcp-schema";
import { bodyOf } from "../../../harness/messages.ts";
import type { Oracle, Oracles } from "../../../harness/schema/faults.ts";
import { watchedBy } from "../../../harness/schema/hook.ts";
import { Watch } from "../../../harness/schema/watch.ts";

/** The oracles of each revision. */
export const oracles: Oracles = (revision): Oracle => {
  const { results, notifications, requests, errors, ...names } = lists[revision];
  return {
    definitions: {
      ...names,
      results: new Map(results),
      notifications: new Map(notifications),
      requests: new Map(requests),
      errors: new Map(errors),
    },
    check(definition, value) {
      const validate = revisions[revision][definition];
      if (!validate) throw new Error(`${revision} has no definition ${definition}`);
      if (validate(value)) return undefined;
      return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`).join(", ");
    },
  };
};

const faults: string[] = [];

/** The same server, watched. */
export function watched(answering: (request: Request) => Promise<Response>): (request: Request) => Promise<Response> {
  const watch = new Watch(oracles, (fault) => faults.push(fault));
  return (request) => watchedBy(watch, request, bodyOf(request), () => answering(request));
}

afterEach(() => {
  expect(faults.splice(0), "messages that the official schemas do not allow").toEqual([]);
});

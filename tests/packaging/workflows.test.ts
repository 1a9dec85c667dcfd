/** What `npm run test:lint` finds in a workflow. */
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { parseDocument } from "yaml";
import { faultsOf } from "../../scripts/lib/workflows.mjs";
import { at } from "../harness/paths.ts";

const JOB = `permissions: {}
jobs:
  test:
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    steps:
      - run: npm test
`;

const faultsOn = (on: string) => faultsOf(parseDocument, `on: ${on}\n${JOB}`, { test: "" });

test.each([
  ["a name", "pull_request_target"],
  ["a list", "[push, pull_request_target]"],
  ["an object", "{ push: { branches: [main] }, pull_request_target: { types: [opened] } }"],
])("an event on which strangers get the rights of the repository, as %s", (_, on) => {
  expect(faultsOn(on)).toEqual(["must not run on pull_request_target"]);
});

test.each(["workflow_run", "issue_comment", "issues", "pull_request_review_comment"])("%s is refused, too", (event) => {
  expect(faultsOn(event)).toEqual([`must not run on ${event}`]);
});

test.each(["push", "[push, pull_request]", "{ schedule: [{ cron: '0 0 * * 0' }], workflow_dispatch: }"])(
  "%s may be",
  (on) => {
    expect(faultsOn(on)).toEqual([]);
  },
);

test("the workflows of this repository", () => {
  const { scripts } = JSON.parse(readFileSync(at("package.json"), "utf8")) as { scripts: Record<string, string> };
  for (const name of readdirSync(at(".github/workflows"))) {
    const faults = faultsOf(parseDocument, readFileSync(at(".github/workflows", name), "utf8"), scripts);
    expect([name, faults]).toEqual([name, []]);
  }
});

/** The negative matrix of the callback, with a real OpenID provider: what its answer says, and what somebody makes of it. */
import { beforeAll, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { type OpenIDProvider, signInAs } from "../../harness/provider.ts";
import { sha256 } from "../../harness/stand-ins/server.ts";
import { type Running } from "../../harness/workerd.ts";
import { behindProvider, registered } from "./lib/behind-provider.ts";
import { type Endpoint, type Fields, KINDS, pick, wrong } from "../../workerd/oauth/matrix/matrix.ts";

const REDIRECT = "https://client.example/callback";

let provider: OpenIDProvider;
let worker: Running;
let client: string;

beforeAll(async () => {
  const set = await behindProvider();
  ({ provider, worker } = set);
  client = await registered(worker, REDIRECT);
  return () => set.stop();
});

/** The browsers, by the `state` that the provider sends back. */
const agents = new Map<string, UserAgent>();

/** Somebody has signed in; what the provider's answer says. */
async function returned(login: string, agent = new UserAgent(fetch)): Promise<Fields> {
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: client,
    redirect_uri: REDIRECT,
    code_challenge: await sha256("a-code-verifier-of-more-than-forty-three-characters"),
    code_challenge_method: "S256",
    state: "s",
  });
  const upstream = await agent.decide(`${worker.url}/authorize?${asked.toString()}&prompt=consent`, "allow");
  const back = new URL(await signInAs(agent, upstream, login, `${worker.url}/callback`));
  const fields = Object.fromEntries(back.searchParams);
  agents.set(fields.state ?? "", agent);
  return fields;
}

const said = async (response: Response): Promise<string> => {
  const location = response.headers.get("location");
  if (location === null) return `${response.status}`;
  const { origin, pathname, searchParams: answer } = new URL(location);
  if (origin + pathname !== REDIRECT || answer.get("iss") !== worker.url || answer.get("state") !== "s") {
    return `leaves for ${location}`;
  }
  return `client: ${answer.get("error") ?? (answer.has("code") ? "code" : "nothing")}`;
};

async function go(agent: UserAgent | undefined, query: string): Promise<string> {
  if (!agent) throw new Error("nobody has begun this");
  return said(await agent.go(`${worker.url}/callback?${query}`));
}

const callback: Endpoint = {
  good: "client: code",
  rows: {
    state: {
      absent: "400",
      empty: "400",
      doubled: "400",
      // Another browser's, another tab's (with the code of this one), and one that has come back: its cookie is gone.
      foreign: "403",
      swapped: "client: access_denied",
      replayed: "403",
    },
    code: {
      absent: "client: server_error",
      empty: "client: server_error",
      doubled: "400",
      foreign: "client: access_denied",
      swapped: "client: access_denied",
      replayed: "client: access_denied",
    },
    // Whoever answers is not the provider that was asked: nothing of it is believed (RFC 9207 §2.4).
    iss: {
      absent: "client: server_error",
      empty: "client: server_error",
      doubled: "400",
      foreign: "client: server_error",
      swapped: "client: server_error",
      replayed: "client: code",
    },
    error: {
      absent: "client: code",
      empty: "client: code",
      doubled: "400",
      foreign: "client: access_denied",
      swapped: "client: access_denied",
      replayed: "client: access_denied",
    },
  },
  fields: () => returned("ada"),
  async other(name, kind, fields) {
    const agent = agents.get(fields.state ?? "");
    const finished = async () => {
      const done = await returned("ada", agent);
      await go(agent, new URLSearchParams(done).toString());
      return done;
    };
    switch (name) {
      case "state":
      case "code":
        if (kind === "replayed") return name === "code" ? ((await finished()).code ?? "") : finished();
        return (await (kind === "foreign" ? returned("eve") : returned("ada", agent)))[name] ?? "";
      case "iss":
        return pick(kind, "https://evil.example", worker.url, provider.issuer);
      default:
        return pick(kind, "access_denied", "invalid_grant", "access_denied");
    }
  },
  // Always the browser of the request that is right.
  send: (pairs, fields) => go(agents.get(fields.state ?? ""), new URLSearchParams(pairs).toString()),
};

test.each(KINDS)("each parameter %s", async (kind) => {
  const expected: string[] = [];
  const answered: string[] = [];
  for (const [name, row] of Object.entries(callback.rows)) {
    const fields = await callback.fields();
    expected.push(`${name}: ${row[kind]}`);
    answered.push(`${name}: ${await callback.send(await wrong(callback, name, kind, fields), fields)}`);
  }
  expect(answered).toEqual(expected);
});

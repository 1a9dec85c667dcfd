/** A client of the Worker, and the person who uses it: each a new one for each fault. */
import { UserAgent, wayOn } from "../../harness/agent.ts";
import { modern } from "../../harness/messages.ts";
import { type StandIn, linkOf, sha256 } from "../../harness/stand-ins/server.ts";
import { type GitHubAccount, GitHubStandIn } from "../../harness/stand-ins/github.ts";
import { ISSUER, type Place } from "./place.ts";

const REDIRECT = "https://client.example/callback";
const VERIFIER = "a-code-verifier-of-more-than-forty-three-characters";

const accounts: GitHubAccount[] = [];
export const github = new GitHubStandIn({ id: "client-1", secret: "s3cret" }, accounts);

/** Counts what was charged, by order. */
export const bank: StandIn & { charges: Map<string, number> } = {
  hosts: ["bank.example"],
  charges: new Map(),
  answer(request) {
    const order = new URL(request.url).searchParams.get("order") ?? "";
    bank.charges.set(order, (bank.charges.get(order) ?? 0) + 1);
    return new Response(`a receipt for ${order}`);
  },
};

export interface Answered {
  status: number;
  body: Record<string, unknown>;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
}

let people = 0;

/** What an answer is to whoever has asked, in a word or two. */
export function named({ status, body }: Answered): string {
  return status < 300 ? "tokens" : `${String(status)} ${String(body.error)}`;
}

export class Client {
  readonly place: Place;
  readonly id: number;
  readonly agent: UserAgent;
  readonly subject: string;
  clientId = "";

  constructor(place: Place) {
    this.place = place;
    this.id = 1000 + ++people;
    this.subject = `user:github:${String(this.id)}`;
    this.agent = new UserAgent(place.fetch);
  }

  get login(): string {
    return `person-${String(this.id)}`;
  }

  async #post(path: string, body: object, type = "application/x-www-form-urlencoded"): Promise<Answered> {
    const fields = body as Record<string, string>;
    const text = type.endsWith("json") ? JSON.stringify(body) : new URLSearchParams(fields).toString();
    const headers = { "content-type": type };
    const response = await this.place.fetch(ISSUER + path, { method: "POST", headers, body: text });
    const answer = await response.text();
    return { status: response.status, body: answer === "" ? {} : (JSON.parse(answer) as Record<string, unknown>) };
  }

  async register(): Promise<Answered> {
    const asked = { client_name: this.login, redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" };
    const answered = await this.#post("/register", asked, "application/json");
    if (answered.status < 300) this.clientId = String(answered.body["client_id"]);
    return answered;
  }

  /** Where the client sends its person. */
  async authorizeUrl(): Promise<string> {
    const asked = new URLSearchParams({
      response_type: "code",
      client_id: this.clientId,
      redirect_uri: REDIRECT,
      code_challenge: await sha256(VERIFIER),
      code_challenge_method: "S256",
      state: "s",
    });
    return `${ISSUER}/authorize?${asked.toString()}`;
  }

  /** The person's account at GitHub; gives where they come back to. */
  async atGitHub(url: string): Promise<string> {
    accounts.splice(0, accounts.length, { id: this.id, login: this.login });
    return linkOf(await (await this.place.fetch(url)).text(), `Authorize as ${this.login}`);
  }

  /** The whole sign-in, up to the code. */
  async code(): Promise<string> {
    const signIn = new SignIn(this);
    return signIn.go();
  }

  /** Registers, signs in, and gets tokens. */
  async tokens(): Promise<Tokens> {
    if (this.clientId === "") await this.register();
    const answered = await this.redeem(await this.code());
    if (answered.status !== 200) throw new Error(`no tokens: ${JSON.stringify(answered)}`);
    return answered.body as unknown as Tokens;
  }

  redeem(code: string): Promise<Answered> {
    const client_id = this.clientId;
    return this.#post("/token", { grant_type: "authorization_code", client_id, code, code_verifier: VERIFIER });
  }

  refresh({ refresh_token }: Tokens): Promise<Answered> {
    return this.#post("/token", { grant_type: "refresh_token", client_id: this.clientId, refresh_token });
  }

  revoke({ refresh_token }: Tokens): Promise<Answered> {
    return this.#post("/revoke", { client_id: this.clientId, token: refresh_token });
  }

  /** Calls a tool of 2026-07-28, with what later rounds bring. */
  async call(tokens: Tokens, name: string, args: object, more: object = {}): Promise<Answered> {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } } };
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    const request = modern(`${ISSUER}/mcp`, "tools/call", { name, arguments: args, ...more, _meta }, { headers });
    const { method, body } = { method: "POST", body: await request.text() };
    const response = await this.place.fetch(request.url, { method, headers: request.headers, body });
    const text = await response.text();
    const json = response.headers.get("content-type") === "application/json" ? text : lastData(text);
    return { status: response.status, body: json === "" ? {} : (JSON.parse(json) as Record<string, unknown>) };
  }
}

const lastData = (stream: string): string => [...stream.matchAll(/^data: (.+)$/gm)].at(-1)?.[1] ?? "";

/** One sign-in, step by step, so that a step whose answer was lost can be sent again. */
export class SignIn {
  readonly #client: Client;
  #request: { url: string; init?: RequestInit } | undefined;
  #step = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Goes on from the step that has had no answer; gives the code. Rejects with `Stopped` where a page is the end. */
  async go(): Promise<string> {
    const { agent } = this.#client;
    for (;;) {
      this.#request ??= { url: await this.#client.authorizeUrl() };
      const { url, init } = this.#request;
      // A person is slower than what goes on after an answer.
      await this.#client.place.test("settled");
      const response = await agent.go(url, init);
      const text = await response.text();
      const location = response.headers.get("location");
      if (this.#step === 2 && location !== null) return codeIn(new URL(location, url));
      if (response.status !== 200 || this.#step === 2) throw new Stopped(response.status, text);
      this.#request = this.#step === 0 ? decision(url, text) : { url: await this.#client.atGitHub(wayOn(text)) };
      this.#step++;
    }
  }
}

/** What the consent page sends when the person allows. */
function decision(url: string, page: string): { url: string; init: RequestInit } {
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1] ?? "";
  const fields = [...page.matchAll(/<input type="(?:hidden|checkbox)" name="([^"]+)" value="([^"]*)"/g)];
  const body = new URLSearchParams([
    ...fields.map(([, name = "", value = ""]) => [name, value]),
    ["decision", "allow"],
  ]);
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    origin: ISSUER,
    "sec-fetch-site": "same-origin",
  };
  return { url: new URL(action, url).href, init: { method: "POST", headers, body: body.toString() } };
}

/** A page that is the end of a sign-in. */
export class Stopped extends Error {
  readonly status: number;
  readonly title: string;

  constructor(status: number, page: string) {
    const title = /<p[^>]*>([^<]+)</.exec(page)?.[1] ?? /<title>([^<]+)</.exec(page)?.[1] ?? page.slice(0, 200);
    super(`${String(status)} ${title}`);
    this.status = status;
    this.title = title;
  }
}

function codeIn(url: URL): string {
  const code = url.searchParams.get("code");
  if (code === null) throw new Stopped(302, `<title>${url.searchParams.get("error") ?? ""}</title>`);
  return code;
}

/** One visit to a server: requests as clients send them, what came back, and what was found. */
import { isPrivateHost } from "./addresses.js";
import { type Code, type Finding, finding } from "./findings.js";

/** The origin of the Inspector's page, which calls servers from a browser. */
export const PAGE = "http://localhost:6274";

const TIMEOUT_MS = 15_000;
const MAX_CHARS = 1_000_000;

export type Json = Record<string, unknown>;

/** A response, or why there is none. */
export interface Answer {
  /** 0 if there is none. */
  status: number;
  headers: Headers;
  /** The body; of an event stream, as much as was needed. */
  text: string;
  /** Why there is no response. */
  error?: string;
  /** Method and URL, for reports. */
  request: string;
}

/** One request and its response. */
export interface Step {
  /** Which clients do it. */
  clients: string;
  request: string;
  response: string;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** What the body asks for, for reports. */
  label?: string;
  /** Reads an event stream until its text has this. */
  until?: (text: string) => boolean;
}

/** Findings of one kind that are listed: a server may have any number of tools. */
const MAX_OF_A_KIND = 20;
/** Characters of a finding. A server may have names of any length. */
const MAX_TEXT = 500;

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);

export class Visit {
  readonly #hostname: string;
  readonly #timeoutMs: number;
  readonly steps: Step[] = [];
  /** By what makes them the same. */
  readonly #findings = new Map<string, Finding>();
  readonly #counts = new Map<Code, number>();

  /** `url` is the endpoint: if it is on the internet, what it names may not be in a private network. */
  constructor(url: string, timeoutMs = TIMEOUT_MS) {
    this.#hostname = new URL(url).hostname;
    this.#timeoutMs = timeoutMs;
  }

  get findings(): Finding[] {
    return [...this.#findings.values()];
  }

  /** Throws if a server on the internet names a host of a private network, or something other than a web page. */
  async #check(url: string): Promise<void> {
    const { protocol, hostname } = new URL(url);
    if (!/^https?:$/.test(protocol)) throw new Error(`not asked: ${protocol} is neither http nor https`);
    if ((await isPrivateHost(hostname)) && !(await isPrivateHost(this.#hostname))) {
      throw new Error("not asked: a public server names a private host");
    }
  }

  find(code: Code, where: string, what: string): void {
    const key = JSON.stringify([code, where, what]);
    const number = this.#counts.get(code) ?? 0;
    if (this.#findings.has(key) || number > MAX_OF_A_KIND) return;
    this.#counts.set(code, number + 1);
    const text = number < MAX_OF_A_KIND ? cut(what) : "There are more of this kind, which are not listed.";
    this.#findings.set(key, finding(code, where, text));
  }

  async ask(
    clients: string,
    url: string,
    { method = "GET", headers = {}, body, label, until }: Ask = {},
  ): Promise<Answer> {
    const request = [method, url.replace(/\?.*/s, ""), ...(label === undefined ? [] : [label])].join(" ");
    let answer: Answer;
    try {
      await this.#check(url);
      const response = await fetch(url, {
        method,
        headers,
        ...(body !== undefined && { body }),
        redirect: "manual",
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      const text = await read(response, until);
      answer = { status: response.status, headers: response.headers, text, request };
    } catch (error) {
      answer = { status: 0, headers: new Headers(), text: "", error: this.#reasonOf(error), request };
    }
    this.steps.push({ clients, request, response: shown(answer) });
    return answer;
  }

  /** Opens a stream: whether it stays open for a moment. */
  async stream(clients: string, url: string, headers: Record<string, string>): Promise<Answer & { ends: boolean }> {
    const request = `GET ${url}`;
    const ended = new AbortController();
    try {
      await this.#check(url);
      const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(this.#timeoutMs)]);
      const response = await fetch(url, { headers, redirect: "manual", signal });
      const isStream = response.ok && typeOf(response.headers) === "text/event-stream";
      const ends = isStream && (await endsSoon(response));
      const answer = { status: response.status, headers: response.headers, text: "", request, ends };
      const state = isStream ? (ends ? ", which ends at once" : ", which stays open") : "";
      this.steps.push({ clients, request, response: shown(answer) + state });
      return answer;
    } catch (error) {
      const answer = {
        status: 0,
        headers: new Headers(),
        text: "",
        error: this.#reasonOf(error),
        request,
        ends: false,
      };
      this.steps.push({ clients, request, response: shown(answer) });
      return answer;
    } finally {
      ended.abort();
    }
  }

  #reasonOf(error: unknown): string {
    const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    if (name === "TimeoutError") return `no response within ${String(this.#timeoutMs / 1000)} seconds`;
    return cause?.code ?? cause?.message ?? message;
  }
}

const OPEN_MS = 2_000;

async function endsSoon(response: Response): Promise<boolean> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return true;
  const moment = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), OPEN_MS);
  });
  const end = (async () => {
    while (!(await reader.read()).done);
    return true;
  })().catch(() => true);
  return Promise.race([moment, end]);
}

async function read(response: Response, until: Ask["until"]): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return "";
  const isStream = typeOf(response.headers) === "text/event-stream";
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (value !== undefined) text += decoder.decode(value, { stream: true });
    if (done) return text;
    if (text.length > MAX_CHARS || (isStream && (until === undefined || until(text)))) {
      await reader.cancel();
      return text;
    }
  }
}

function shown({ status, headers, error }: Answer): string {
  if (error !== undefined) return error;
  const type = typeOf(headers);
  return type === "" ? String(status) : `${String(status)} ${type}`;
}

export function typeOf(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** The object in a body, if it is JSON. */
export function jsonOf(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** Whether a page of the Inspector may read a response. */
export function isReadable({ headers }: Answer): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return allowed === "*" || allowed === PAGE;
}

/** What the browser asks before a page may send a request. */
export async function preflight(visit: Visit, url: string, wanted: readonly string[]): Promise<void> {
  const headers = {
    Origin: PAGE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": wanted.join(","),
  };
  const answer = await visit.ask("Inspector", url, { method: "OPTIONS", headers });
  if (answer.status < 200 || answer.status > 299 || !isReadable(answer)) {
    visit.find("cors_preflight", answer.request, `The response is ${shown(answer)}, and does not allow ${PAGE}.`);
    return;
  }
  const listed = (answer.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(",");
  const allowed = new Set(listed.map((name) => name.trim()));
  const missing = wanted.filter((name) => !allowed.has(name) && (!allowed.has("*") || name === "authorization"));
  if (missing.length > 0) {
    visit.find("cors_preflight", answer.request, `Access-Control-Allow-Headers lacks ${missing.join(", ")}.`);
  }
}

/** One of each page, as the core could ask for it. */
import type { ConsentPage, Page, PageClient } from "../../../dist/pages/model.js";

const server = { server: "notes.example.com", serverName: "Notes" };
const claude: PageClient = {
  name: "Claude",
  id: "https://claude.ai/oauth/mcp-oauth-client-metadata",
  proof: "domain",
  domain: "claude.ai",
};
const cursor: PageClient = { name: "Cursor", id: "Zr3kq2", proof: "none" };
const form = {
  action: "/authorize",
  hidden: [
    ["request", "c2VhbGVk"],
    ["csrf", "dG9rZW4"],
  ] as [string, string][],
};
const scopes = [
  { name: "notes:read", text: "Read your notes" },
  { name: "notes:write", text: "Change and delete your notes" },
];

export const consent: ConsentPage = {
  kind: "consent",
  ...server,
  ...form,
  client: cursor,
  redirect: { host: "127.0.0.1", where: "loopback" },
  upstream: {
    label: "GitHub",
    host: "github.com",
    scopes: [
      { name: "repo", text: "Read and change all your repositories, including private ones" },
      { name: "user:email", text: "Read your e-mail addresses" },
    ],
  },
  scopes,
  days: 90,
  idleDays: 30,
  manage: "/connected",
};

/** Where the pages lead that lead away. Nothing answers there. */
export const AWAY = "http://127.0.0.1:9/callback?code=abc&state=x%22y&iss=https%3A%2F%2Fnotes.example.com";

export const pages: Record<string, Page> = {
  consent,
  "consent domain": {
    ...consent,
    client: claude,
    redirect: { host: "claude.ai", where: "https" },
    account: { label: "octocat" },
    switchAccount: "/authorize?switch=1",
    scopes: [...scopes, { name: "profile", text: "See your name", fixed: true }],
  },
  "consent scheme": {
    ...consent,
    client: { ...cursor, proof: "operator" },
    redirect: { host: "cursor", where: "scheme" },
    scopes: [],
  },
  "consent remembered": { ...consent, remembered: true, account: { label: "octocat" }, switchAccount: "/switch" },
  leave: { kind: "leave", url: AWAY, host: "github.com", what: "upstream", name: "GitHub" },
  "leave denied": { kind: "leave", url: AWAY, host: "claude.ai", what: "client", name: "Claude", outcome: "denied" },
  "leave denied waits": {
    kind: "leave",
    url: AWAY,
    host: "claude.ai",
    what: "client",
    name: "Claude",
    outcome: "denied",
    waits: true,
  },
  "leave failed waits": {
    kind: "leave",
    url: AWAY,
    host: "127.0.0.1",
    where: "loopback",
    what: "client",
    name: "Cursor",
    outcome: "failed",
    waits: true,
    detail: "code_challenge_method must be S256.",
  },
  "leave loopback": {
    kind: "leave",
    url: AWAY,
    host: "127.0.0.1",
    where: "loopback",
    what: "client",
    outcome: "allowed",
  },
  "leave scheme": { kind: "leave", url: AWAY, host: "cursor", where: "scheme", what: "client", outcome: "failed" },
  choose: {
    kind: "choose",
    ...server,
    ...form,
    client: claude,
    choices: [
      { value: "github", label: "GitHub" },
      { value: "google", label: "Google" },
    ],
  },
  "choose connected": { kind: "choose", ...server, ...form, choices: [{ value: "github", label: "GitHub" }] },
  apps: {
    kind: "apps",
    ...server,
    ...form,
    action: "/connected",
    account: { label: "octocat" },
    signOut: true,
    done: true,
    apps: [
      {
        id: "g1",
        client: claude,
        redirect: { host: "claude.ai", where: "https" },
        scopes,
        created: 1_780_000_000_000,
        lastUsed: 1_790_000_000_000,
      },
      {
        id: "g2",
        client: cursor,
        redirect: { host: "127.0.0.1", where: "loopback" },
        scopes,
        created: 1_785_000_000_000,
      },
    ],
  },
  "apps none": { kind: "apps", ...server, ...form, apps: [] },
  error: { kind: "error", reason: "not_allowed", detail: "GitHub", reference: "2f6c1f8e", retry: "/authorize" },
  "error in words": {
    kind: "error",
    title: "No answer",
    text: "It did not come.",
    fix: "Wait.",
    reference: "2f6c1f8e",
  },
  recovery: {
    kind: "recovery",
    ...server,
    clientId: "Zr3kq2",
    endpoint: "https://notes.example.com/mcp",
    reference: "2f6c1f8e",
  },
};

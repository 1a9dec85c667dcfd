/**
 * Every sentence of the pages, in English. `{name}` stands for a value, which is escaped and bidi-isolated. An operator can
 * replace any of them, and add languages.
 */
import type { Names } from "../common/options.js";

export const ENGLISH = {
  // Consent
  consentTitle: "Allow {client} to use {server}?",
  consentAgain: "Continue to {client}?",
  unverified: "Unverified",
  unverifiedHint: "This app chose its own name, and nobody has verified it.",
  domainHint: "This app is published by this website.",
  known: "Known app",
  knownHint: "The people who run {server} have added this app.",
  rememberedHint: "You have allowed this before.",
  toHttps: "Afterwards you are sent back to {host}.",
  toLoopback:
    "Afterwards you are sent back to an app on this computer. Any app here could pretend to be {client}, so continue only if you have just started to connect it yourself.",
  toScheme:
    "Afterwards you are sent back to the app on this device that opens {host} links. Any app here could pretend to be {client}, so continue only if you have just started to connect it yourself.",
  signedInAs: "You are signed in as {account}.",
  otherAccount:
    "You have signed in as {account}, not as {former}. Allow this only if {account} is the account you want to use.",
  changeAccount: "Use another account",
  scopesLegend: "{client} will be able to",
  scopesNone: "{client} will be able to use the tools of this server.",
  signInWith: "If you allow it, you sign in with {upstream} next, at {host}.",
  upstreamScopes: "{server} asks {upstream} for permission to:",
  upstreamKept: "{client} never sees your {upstream} password or token.",
  lastsIdle: "Access expires after {idle} without use.",
  lastsAbsolute: "Access expires after {days}.",
  lastsBoth: "Access expires after {idle} without use, and after {days} at the latest.",
  takeBack: "You can revoke it at any time on your connected apps page.",
  connectedLink: "Connected apps",
  allow: "Allow",
  deny: "Deny",
  continueTo: "Continue to {client} on this computer",
  continueToApp: "Continue to {client}",
  cancel: "Cancel",

  // Before another site
  leaveTitle: "One moment",
  leaveSignIn: "Continuing to {name}",
  leaveAllowed: "Allowed. Returning to {name}",
  leaveDenied: "Denied. Returning to {name}",
  leaveBack: "Returning to {name}",
  leaveDeniedWaits: "Denied",
  leaveFailedWaits: "{name} could not be connected",
  leaveFailedHint:
    "The app sent a request that this server cannot answer. Please connect again; if that does not help, tell its developer:",
  leaveWaits:
    "The app wants the response sent to {host}. Continue only if you have just started to connect {name} yourself.",
  leaveHint: "If nothing happens, continue here:",
  leaveLink: "Continue to {host}",
  leaveProgram: "Return to {name}",
  leaveApp: "Open the app for {host} links",
  leaveClose: "Once the app has opened, you can close this window.",
  thisComputer: "this computer",

  // Several ways to sign in
  chooseTitle: "Sign in to {server}",
  chooseClient: "You came here to connect {client}.",
  chooseConnected: "Sign in to see which apps you have connected.",
  chooseWith: "Sign in with {name}",
  chooseOnly: "Sign in",

  // Connected apps
  appsTitle: "Connected apps",
  appsIntro: "These apps can use {server} on your behalf.",
  appsNone: "No app can use {server} on your behalf.",
  appsDone: "The app is disconnected. This can take up to 30 seconds.",
  since: "Since",
  lastUsed: "Last used",
  mayDo: "It can",
  answersTo: "Sends you back to",
  disconnect: "Disconnect {client}",
  disconnectAll: "Disconnect all apps",
  signOut: "Sign out",

  // Recovery
  recoveryTitle: "Reconnect this app",
  recoveryWhat:
    "The app that sent you here uses a registration that {server} does not know. It may have expired, or the server may have been reset. Nothing is wrong with your account, and nothing was shared.",
  recoveryAgain: "Remove the connection in your app and add it again.",
  recoveryHow: "Remove the connection in your app and add it again with this URL:",
  recoveryClaude:
    "Open Settings, then Connectors. Remove the connector, choose “Add custom connector” and paste the URL.",
  recoveryClaudeCode: "Run {command}, choose this server, then “Clear authentication” and “Authenticate”.",
  recoveryCursor:
    "Open Settings, then MCP. Turn the server off and on again, or press “Logout” and “Login” next to it.",
  recoveryVsCode:
    "Run {command} from the command palette, choose this server, then “Disconnect Account”, and start it again.",
  recoveryChatGpt: "Open Settings, then Apps & Connectors. Remove the connector and create it again with the URL.",
  recoveryInspector: "Choose “Clear OAuth state” in the authentication settings and connect again.",
  recoveryRemote: "Delete the folder {command} in your home directory and start the app again.",
  recoveryOther: "Other apps",
  recoveryOtherHow: "Sign out of this server in the app, or delete its entry and add it again.",

  // Errors
  errorTitle: "Something went wrong",
  errorWhere: "The log of the server has the details under {id}.",
  errorRetry: "Try again",
  error: "The server has failed. Please go back to your app and connect again.",
  error_request:
    "Your app sent a request that this server cannot read. Please go back to your app and connect again; if that does not help, tell its developer.",
  error_redirect:
    "Your app wants the response sent to an address that it has not registered. To protect you, nothing was sent. Remove the connection in your app and add it again.",
  error_document_unreachable:
    "Your app describes itself at {detail}, but that site does not answer right now: {why}. Nothing is wrong with your account. Please wait a minute and try again.",
  error_document_unusable:
    "Your app describes itself at {detail}, but that document cannot be used: {why}. The app's developer has to fix it.",
  error_document_host:
    "Your app describes itself at {detail}, but {server} does not allow apps from there. Ask the people who run it.",
  error_client_waits:
    "{detail} is new here, and the people who run {server} have not approved it yet. Ask them, and connect again from your app once they have.",
  error_sign_in:
    "This sign-in has expired, was used already, or was started in another browser. Please go back to your app and connect again.",
  error_turned_away:
    "You have signed in as {detail}, but this account may not use {server}. Use another account, or ask the people who run the server for access.",
  error_turned_away_nobody:
    "Your account may not use {server}. Use another account, or ask the people who run the server for access.",
  error_expired: "This page was open for too long, or was used already. Please go back to your app and connect again.",
  error_browser:
    "This sign-in was started in another browser or window, or cookies are disabled. Please go back to your app and connect again, in one browser.",
  error_form:
    "This form did not come from a page of this server, so it was not used. Please go back to your app and connect again.",
  error_account:
    "You have signed in with a different account than before. Please go back to your app and connect again.",
  error_not_allowed:
    "You have signed in with {detail}, but this account may not use this server. Ask the people who run it, or use another account.",
  error_upstream: "{detail} could not sign you in. Please wait a minute, go back to your app and connect again.",
  error_upstream_setup:
    "{detail} does not accept the configuration of this server. The people who run it have to fix it.",
  error_server_late:
    "This server took too long to sign you in. Please wait a minute, go back to your app and connect again.",
  error_server_failed: "This server failed during your sign-in. The people who run it can find the reason in its log.",
  error_busy: "Too many requests came in a short time. Please wait a minute and try again.",
  error_unavailable: "This server cannot answer right now. Please wait a minute and try again.",
  error_setup: "This server is not fully configured. The people who run it can find in its log what is missing.",
};

/** The texts of the pages, by their key. */
export type Copy = typeof ENGLISH;

/** The keys of `Copy`. */
export const COPY: Names = {
  where: "copy",
  known: new Map(Object.keys(ENGLISH).map((key) => [key, true])),
  instead: {},
};

/** Options of the texts. */
export interface CopyOptions {
  /** Replaces English texts. */
  copy?: Partial<Copy>;
  /** More languages, by their tag (`de`, `pt-BR`); missing texts are shown in English. Chosen by `Accept-Language`. */
  languages?: Record<string, Partial<Copy>>;
}

/** The texts for one reader, and their language. */
export interface Texts {
  lang: string;
  copy: Copy;
}

/** Chooses the reader's preferred language among the available ones (RFC 9110, 12.5.4). */
export function textsFor(acceptLanguage: string | null, { copy, languages = {} }: CopyOptions = {}): Texts {
  const english = { ...ENGLISH, ...copy };
  const tags = new Map(Object.keys(languages).map((tag) => [tag.toLowerCase(), tag]));
  for (const wanted of preferred(acceptLanguage ?? "")) {
    const [primary = ""] = wanted.split("-");
    if (primary === "en" && !tags.has(wanted)) break;
    const found =
      tags.get(wanted) ?? tags.get(primary) ?? [...tags].find(([tag]) => tag.startsWith(`${primary}-`))?.[1];
    if (found !== undefined) return { lang: found, copy: { ...english, ...languages[found] } };
  }
  return { lang: "en", copy: english };
}

/** The tags of an `Accept-Language` header, in lower case, the preferred one first. */
function preferred(header: string): string[] {
  const ranges = header
    .slice(0, 500)
    .split(",")
    .map((range) => {
      const [tag = "", ...parameters] = range.trim().toLowerCase().split(";");
      const weight = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
      return { tag: tag.trim(), weight: weight === undefined ? 1 : Number(weight) };
    });
  const known = ranges.filter(({ tag, weight }) => /^[a-z]{1,8}(-[a-z0-9]{1,8})*$/.test(tag) && weight > 0);
  return known.sort((one, other) => other.weight - one.weight).map(({ tag }) => tag);
}

/*
 * The models of the pages. Rust decides them (`src/oauth/`), the files next to this one render them as HTML, and
 * nothing on a page comes from anywhere else.
 */

/** A page, by its kind. */
export type Page = ConsentPage | LeavePage | ChoosePage | AppsPage | ErrorPage | RecoveryPage;

export interface PageClient {
  /** Its name for itself. */
  name: string;
  /** Its client identifier. */
  id: string;
  /**
   * How far the name can be believed: `none`, it registered itself (RFC 7591); `domain`, its metadata is at a URL of
   * `domain` (client ID metadata document); `operator`, it is in the configuration.
   */
  proof: "none" | "domain" | "operator";
  domain?: string;
}

/** Where the browser goes with the response. */
export interface PageRedirect {
  /** The host, for `scheme` the scheme without its colon. */
  host: string;
  /** `https` to a host, a program on this computer (`loopback`), or an app with a private-use scheme (`scheme`). */
  where: "https" | "loopback" | "scheme";
}

export interface PageScope {
  /** Its name on the wire. */
  name: string;
  /** What it allows, as a sentence without a full stop: "Read your calendar". */
  text?: string;
  /** True if the person cannot deselect it. */
  fixed?: boolean;
}

/** A form: its target, and its hidden fields by name and value. */
export interface PageForm {
  action: string;
  hidden: [string, string][];
}

/**
 * Asks a person whether a client may act for them. The form sends `decision` (`allow` or `deny`) and `scope`, once for
 * each selected one.
 */
export interface ConsentPage extends PageForm {
  kind: "consent";
  /** The server's host, and the operator's name for it. */
  server: string;
  serverName?: string;
  client: PageClient;
  redirect: PageRedirect;
  /** True if all of this was approved before, and one click is needed because the client cannot prove its identity. */
  remembered?: boolean;
  /** The account in this browser, and the URL for using another one. */
  account?: { label: string };
  switchAccount?: string;
  /** The account that the page named before, if the person has signed in with another one. */
  formerAccount?: string;
  /** The upstream, and the scopes that this server requests there. */
  upstream?: { label: string; host: string; scopes?: PageScope[] };
  scopes: PageScope[];
  /** The lifetimes of the access in days: at most, and without use. */
  days?: number;
  idleDays?: number;
  /** The page on which access can be revoked. */
  manage?: string;
}

/** The page before another site: a form post is never answered by a redirect to another site (CSP `form-action`). */
export interface LeavePage {
  kind: "leave";
  /** The whole URL. */
  url: string;
  host: string;
  where?: PageRedirect["where"];
  /** To the sign-in, or back to the client. */
  what: "upstream" | "client";
  /** The name of the destination, if it has one. */
  name?: string;
  /** The result for the client. */
  outcome?: "allowed" | "denied" | "failed";
  /** True if it continues only after a click, because nobody vouches for the destination. */
  waits?: boolean;
  /** What went wrong, for the client's developer. */
  detail?: string;
}

/** The person has to sign in: without a client, to see the connected apps. The form sends `handler`. */
export interface ChoosePage extends PageForm {
  kind: "choose";
  server: string;
  serverName?: string;
  client?: PageClient;
  choices: { value: string; label: string }[];
}

/** What the person has allowed, by client. The form sends `revoke` (a client's ID, `*` for all) or `signout`. */
export interface AppsPage extends PageForm {
  kind: "apps";
  server: string;
  serverName?: string;
  account?: { label: string };
  apps: ConnectedApp[];
  signOut?: boolean;
  /** True immediately after one was disconnected. */
  done?: boolean;
}

export interface ConnectedApp {
  id: string;
  client: PageClient;
  redirect?: PageRedirect;
  scopes: PageScope[];
  /** Milliseconds since 1970. */
  created: number;
  lastUsed?: number;
}

/** An error that cannot be sent to a client. */
export interface ErrorPage {
  kind: "error";
  /** Which text: `error_…` in `copy.ts`. */
  reason?: string;
  /** A value in the text: the upstream's name, the account, the app's host. */
  detail?: string;
  /** What is wrong, for the app's developer. */
  why?: string;
  /** The server in the text. */
  server?: string;
  serverName?: string;
  /** The URL for starting again with another account. */
  switchAccount?: string;
  /** The way back to the app, which then gets the error. */
  back?: PageRedirect & { url: string; name: string };
  /** Shown if there is no text for the reason. */
  title?: string;
  text?: string;
  fix?: string;
  /** The ID under which the operator's log has the details. */
  reference?: string;
  /** The URL for trying again on this server. */
  retry?: string;
}

/** A client that this server does not know, or no longer knows. */
export interface RecoveryPage {
  kind: "recovery";
  server: string;
  serverName?: string;
  clientId: string;
  /** The MCP URL, to paste. */
  endpoint?: string;
  reference?: string;
}

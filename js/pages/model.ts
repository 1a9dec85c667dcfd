/**
 * What the pages show. The core decides it (`src/oauth/`), the files beside this one turn it into HTML, and nothing on a
 * page comes from anywhere else.
 */

/** A page, by its kind. */
export type Page = ConsentPage | LeavePage | ChoosePage | AppsPage | ErrorPage | RecoveryPage;

export interface PageClient {
  /** What it calls itself. */
  name: string;
  /** Its client identifier. */
  id: string;
  /**
   * How far the name may be believed: `none`, it registered itself (RFC 7591); `domain`, its metadata stands at a URL of
   * `domain` (client ID metadata document); `operator`, it stands in the configuration.
   */
  proof: "none" | "domain" | "operator";
  domain?: string;
}

/** Where the browser goes with the answer. */
export interface PageRedirect {
  /** The host, for `scheme` the scheme without its colon. */
  host: string;
  /** `https` to a host, a program on this computer (`loopback`), or an app that claims a scheme of its own (`scheme`). */
  where: "https" | "loopback" | "scheme";
}

export interface PageScope {
  /** Its name on the wire. */
  name: string;
  /** What it allows, as a sentence without a full stop: "Read your calendar". */
  text?: string;
  /** True where the person cannot leave it out. */
  fixed?: boolean;
}

/** A form: where it is posted to, and what it carries along unseen, by name and value. */
export interface PageForm {
  action: string;
  hidden: [string, string][];
}

/**
 * Somebody is asked whether a client may act for them. Answers with `decision` (`allow` or `deny`) and `scope`, once for
 * each that is wanted.
 */
export interface ConsentPage extends PageForm {
  kind: "consent";
  /** The host of the server that is to be used, and the operator's name for it. */
  server: string;
  serverName?: string;
  client: PageClient;
  redirect: PageRedirect;
  /** True where all this was approved before, and one click is wanted because the client can prove nothing. */
  remembered?: boolean;
  /** Who is signed in, and where somebody else can be. */
  account?: { label: string };
  switchAccount?: string;
  /** The account that the page named before, where the person has signed in with another one. */
  formerAccount?: string;
  /** Who signs the person in, and what this server asks there. */
  upstream?: { label: string; host: string; scopes?: PageScope[] };
  scopes: PageScope[];
  /** After how many days access ends: in any case, and when it was not used. */
  days?: number;
  idleDays?: number;
  /** The page on which access can be taken back. */
  manage?: string;
}

/** On the way to another place: no form post is answered by a redirect that leaves this server (CSP `form-action`). */
export interface LeavePage {
  kind: "leave";
  /** The whole URL. */
  url: string;
  host: string;
  where?: PageRedirect["where"];
  /** To sign-in, or back to the client. */
  what: "upstream" | "client";
  /** The name of the place, where it has one. */
  name?: string;
  /** What is brought back to the client. */
  outcome?: "allowed" | "denied" | "failed";
  /** True: it goes on by a click only, because nobody vouches for the place. */
  waits?: boolean;
  /** What went wrong, for the client's developer. */
  detail?: string;
}

/** Somebody has to sign in: without a client, to see the connected apps. Answers with `handler`. */
export interface ChoosePage extends PageForm {
  kind: "choose";
  server: string;
  serverName?: string;
  client?: PageClient;
  choices: { value: string; label: string }[];
}

/** What somebody has allowed, and to whom. Answers with `revoke` (an app's id, `*` for all) or `signout`. */
export interface AppsPage extends PageForm {
  kind: "apps";
  server: string;
  serverName?: string;
  account?: { label: string };
  apps: ConnectedApp[];
  signOut?: boolean;
  /** True right after one was disconnected. */
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

/** Something went wrong that no client can be told. */
export interface ErrorPage {
  kind: "error";
  /** Which text: `error_…` in `copy.ts`. */
  reason?: string;
  /** What the text mentions: the name of the upstream, the account, the host of the app. */
  detail?: string;
  /** What is wrong, for the app's developer. */
  why?: string;
  /** The server that the text mentions. */
  server?: string;
  serverName?: string;
  /** Where somebody begins again with another account. */
  switchAccount?: string;
  /** The way back to the app, which then learns of it. */
  back?: PageRedirect & { url: string; name: string };
  /** Shown where there is no text for the reason. */
  title?: string;
  text?: string;
  fix?: string;
  /** Under which the operator's log has the rest. */
  reference?: string;
  /** Where to begin again on this server. */
  retry?: string;
}

/** A client that this server does not know (any more). */
export interface RecoveryPage {
  kind: "recovery";
  server: string;
  serverName?: string;
  clientId: string;
  /** The MCP URL, for pasting. */
  endpoint?: string;
  reference?: string;
}

/**
 * The Rust module of this Worker. Each entry point of the package provides its own, so that a Worker uploads only the module
 * it needs.
 */
import { WicketError } from "../common/errors.js";
import { howTo } from "../common/missing-setting.js";
import type {
  BearerCore,
  Configured,
  Core,
  CoreClass,
  CoreConfig,
  EndpointRoute,
  OAuthCore,
  OAuthCoreClass,
  OAuthInput,
  Reply,
  StepMethod,
  VerifierCore,
  WellKnown,
} from "./wire.js";

let provided: { core: CoreClass; patterns: number } | undefined;

/**
 * Called by an entry point when it loads. `patterns` is the number of authentication patterns in its module: if code
 * imports from two entry points, the more capable one serves both.
 */
export function provideCore(core: CoreClass, patterns: number): void {
  if (!provided || patterns > provided.patterns) provided = { core, patterns };
}

/**
 * The steps of the exported class with this configuration. The class creates a proxy at each access of a method, so
 * each is read once. Throws `ERR_NO_CORE` if no entry point has been loaded.
 */
export function newCore(config: CoreConfig): Core {
  if (!provided) throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket", not from a file inside the package.');
  return stepsOf(made(provided.core, config), ["no_auth", "mcp", "report", "place"]);
}

/** The same for an endpoint that requires tokens. Throws `ERR_NO_CORE` if the loaded module does not support them. */
function newBearerCore(config: CoreConfig): BearerCore {
  if (!provided || provided.patterns < 2) {
    throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket/jwt", not from a file inside the package.');
  }
  return stepsOf(made(provided.core, config) as BearerCore, ["refuse", "most_informative", "count", "metadata"]);
}

/** The default configuration. */
export const PLAIN: CoreConfig = { origins: { allowedOrigins: [], allowedHosts: [] } };

/** The same with the default configuration, created when it is first needed. */
export function lazyBearerCore(): BearerCore {
  let core: BearerCore | undefined;
  const made = () => (core ??= newBearerCore(PLAIN));
  return {
    refuse: (...args) => made().refuse(...args),
    most_informative: (...args) => made().most_informative(...args),
    count: (...args) => made().count(...args),
    metadata: (...args) => made().metadata(...args),
  };
}

/** The same for an authorization server. Throws `ERR_NO_CORE` if the loaded module does not support it. */
export function oauthSteps(config: CoreConfig): OAuthCore & { warnings: () => string | Promise<string> } {
  if (!provided || provided.patterns < 3) {
    throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket/oauth", not from a file inside the package.');
  }
  const core = made(provided.core as unknown as OAuthCoreClass, config);
  return {
    ...stepsOf(core, ["oauth", "access", "external", "object", "upstream", "operate", "revoke_upstream"]),
    warnings: () => core.warnings(),
  };
}

/**
 * The response of an authorization server whose storage is unavailable, so that it has no keys; undefined for
 * unreadable input.
 */
export async function awayReply(input: OAuthInput): Promise<Reply | undefined> {
  const core = made(provided?.core as unknown as OAuthCoreClass, PLAIN);
  return (JSON.parse(await core.unavailable(JSON.stringify(input))) as Reply | null) ?? undefined;
}

/**
 * The routes of the authorization server with the options `oauth`. Throws `ERR_OPTIONS` if these are invalid; no secret
 * is needed for that.
 */
export function checkServer(oauth: object): Record<string, EndpointRoute> {
  if (!provided || provided.patterns < 3) {
    throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket/oauth", not from a file inside the package.');
  }
  const { routes = "{}" } = made(provided.core, { ...PLAIN, setUp: JSON.stringify(oauth) }) as VerifierCore;
  return JSON.parse(routes) as Record<string, EndpointRoute>;
}

let known: WellKnown | undefined;

/** The paths at which clients look for a sign-in. */
export function wellKnown(): WellKnown {
  if (known) return known;
  if (!provided || provided.patterns < 2) {
    throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket/jwt", not from a file inside the package.');
  }
  return (known = JSON.parse((made(provided.core, PLAIN) as VerifierCore).well_known) as WellKnown);
}

/**
 * The step that verifies tokens with these options. Throws `ERR_OPTIONS` if these are invalid, with the reason and the
 * fix.
 */
export function newVerifierStep(label: string, options: string): StepMethod {
  if (!provided || provided.patterns < 2) {
    throw new WicketError("ERR_NO_CORE", `Import ${label} from "mcp-wicket/jwt".`);
  }
  const core = made(provided.core, { ...PLAIN, verifier: options }, `${label}: `);
  return stepsOf(core as Pick<VerifierCore, "verify">, ["verify"]).verify;
}

/**
 * A core with this configuration. Throws `ERR_UNSET` if `WICKET_SECRET` is missing or unusable, and `ERR_OPTIONS` for
 * other options; `label` begins that error.
 */
function made<Made extends Configured>(core: new (config: CoreConfig) => Made, config: CoreConfig, label = ""): Made {
  const instance = new core(config);
  const { problem } = instance;
  if (problem === undefined) return instance;
  if (!problem.includes(SECRET)) throw new WicketError("ERR_OPTIONS", label + problem);
  throw new WicketError("ERR_UNSET", `${problem} Create one with\n\nopenssl rand -base64 32\n\n${howTo(SECRET)}`);
}

const SECRET = "WICKET_SECRET";

/** The methods of `core` as functions. */
export function stepsOf<Name extends string>(core: Record<Name, StepMethod>, names: Name[]): Record<Name, StepMethod> {
  const steps = {} as Record<Name, StepMethod>;
  for (const name of names) {
    const method = core[name];
    steps[name] = (input, body, now, later, entropy) => method.call(core, input, body, now, later, entropy);
  }
  return steps;
}

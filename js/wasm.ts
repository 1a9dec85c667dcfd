/**
 * Which build of the Rust half this Worker carries. Each entry point of the package provides its own, so that a Worker
 * uploads the one module it needs.
 */
import { WicketError } from "./errors.js";
import type { BearerCore, Core, CoreClass, CoreConfig, VerifierCore, StepMethod } from "./wire.js";
import { howTo } from "./unset.js";
import type { OAuthConfig, OAuthCore, OAuthCoreClass, OAuthInput, Reply } from "./oauth/wire.js";

let provided: { core: CoreClass; patterns: number } | undefined;

/**
 * Called by an entry point when it loads. `patterns` says how many of the authentication patterns its module carries: if
 * somebody imports from two entries, the one that can do more serves both.
 */
export function provideCore(core: CoreClass, patterns: number): void {
  if (!provided || patterns > provided.patterns) provided = { core, patterns };
}

/**
 * The steps of the exported class with this configuration. The class makes a proxy at each access of a method, so each is
 * taken once. Throws `ERR_NO_CORE` if no entry point has been loaded.
 */
export function newCore(config: CoreConfig): Core {
  if (!provided) throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket", not from a file inside the package.');
  return stepsOf(made(provided.core, config), ["no_auth", "mcp", "tell", "place"]);
}

/** The same for an endpoint that asks for tokens. Throws `ERR_NO_CORE` if the loaded module has no such steps. */
export function newBearerCore(config: CoreConfig): BearerCore {
  if (!provided || provided.patterns < 2) {
    throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket/jwt", not from a file inside the package.');
  }
  return stepsOf(made(provided.core, config) as BearerCore, ["refuse", "count", "metadata"]);
}

/** No settings at all. */
const PLAIN: CoreConfig = { origins: { allowedOrigins: [], allowedHosts: [] } };

/** The same, made when it is first needed: it has no settings. */
export function lazyBearerCore(): BearerCore {
  let core: BearerCore | undefined;
  const made = () => (core ??= newBearerCore(PLAIN));
  return {
    refuse: (...args) => made().refuse(...args),
    count: (...args) => made().count(...args),
    metadata: (...args) => made().metadata(...args),
  };
}

/** The same for an authorization server. Throws `ERR_NO_CORE` if the loaded module has no such steps. */
export function oauthSteps(config: OAuthConfig): OAuthCore & { warnings: () => string | Promise<string> } {
  if (!provided || provided.patterns < 3) {
    throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket/oauth", not from a file inside the package.');
  }
  const core = made(provided.core as unknown as OAuthCoreClass, config);
  return {
    ...stepsOf(core, ["oauth", "access", "external", "object", "upstream", "operate", "give"]),
    warnings: () => core.warnings(),
  };
}

/** The answer of an authorization server whose storage is away, so that it has no keys; nothing for what cannot be read. */
export async function awayReply(input: OAuthInput): Promise<Reply | undefined> {
  const core = made(provided?.core as unknown as OAuthCoreClass, PLAIN);
  return (JSON.parse(await core.away(JSON.stringify(input))) as Reply | null) ?? undefined;
}

/** Throws `ERR_OPTIONS` where the set-up `oauth` of an authorization server cannot be; no secret is needed to tell. */
export function checkServer(oauth: object): void {
  if (!provided || provided.patterns < 3) return;
  const config = { origins: { allowedOrigins: [], allowedHosts: [] }, setUp: JSON.stringify(oauth) };
  const { problem } = new provided.core(JSON.stringify(config)) as VerifierCore;
  if (problem !== undefined) throw new WicketError("ERR_OPTIONS", problem);
}

/** The step that verifies tokens by these options. Throws `ERR_OPTIONS` where they are wrong, with the reason and the fix. */
export function newVerifierStep(label: string, options: string): StepMethod {
  if (!provided || provided.patterns < 2) {
    throw new WicketError("ERR_NO_CORE", `Import ${label} from "mcp-wicket/jwt".`);
  }
  const config: CoreConfig = { origins: { allowedOrigins: [], allowedHosts: [] }, verifier: options };
  const core = new provided.core(JSON.stringify(config)) as VerifierCore;
  const { problem } = core;
  if (problem !== undefined) throw new WicketError("ERR_OPTIONS", `${label}: ${problem}`);
  return stepsOf(core as Pick<VerifierCore, "verify">, ["verify"]).verify;
}

/** A core with this configuration. Throws `ERR_UNSET` where `WICKET_SECRET` will not do, and `ERR_OPTIONS` for other settings. */
function made<Made>(core: new (config: string) => Made, config: object): Made {
  try {
    return new core(JSON.stringify(config));
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof WebAssembly.RuntimeError) throw error;
    if (!message.includes(SECRET)) throw new WicketError("ERR_OPTIONS", message, { cause: error });
    const make = `Make one with\n\nopenssl rand -base64 32\n\n`;
    throw new WicketError("ERR_UNSET", `${message} ${make}${howTo(SECRET)}`, { cause: error });
  }
}

const SECRET = "WICKET_SECRET";

/** The methods of `core` as functions. */
export function stepsOf<Name extends string>(core: Record<Name, StepMethod>, names: Name[]): Record<Name, StepMethod> {
  const steps = {} as Record<Name, StepMethod>;
  for (const name of names) {
    const method = core[name];
    steps[name] = (input, body, now, later) => method.call(core, input, body, now, later);
  }
  return steps;
}

/** One authorization server in one environment: its steps, its objects, and the world of a request. */
import type { HandlerContext, IdentityHandler } from "./identity/identity.js";
import type { Namespace } from "../objects/namespace.js";
import { type ObjectPlace, type RoleStub, askObject, objectsOf } from "../objects/objects.js";
import { keysOf, secretOf } from "../objects/keys.js";
import { required } from "../common/missing-setting.js";
import { run } from "../boundary/interpreter.js";
import { PLAIN, oauthSteps } from "../boundary/wasm.js";
import type { FetchChanges, RevocationList } from "./revocation-list.js";
import type { OAuthProviderOptions } from "./options.js";
import type { RevocationChanges } from "./relays.js";
import { LIST } from "./revocations.js";
import type { OAuthCore, ServerConfig } from "../boundary/wire.js";
import { OAuthWorld } from "./world.js";

/** What a server is created from. */
export interface ServerInit<Env> {
  readonly options: OAuthProviderOptions<Env>;
  readonly handler: IdentityHandler<Env>;
  readonly place: ObjectPlace;
  readonly revocations: RevocationList;
  readonly config: Omit<ServerConfig, "handler">;
  /** The time limit of the app's functions, in seconds. */
  readonly callbackTimeout: number;
}

export class AuthorizationServer<Env> {
  readonly #steps: OAuthCore;
  readonly #init: ServerInit<Env>;
  /** The options as Rust reads them. */
  readonly #config: string;
  /** Without keys, only a request without a token can be answered. */
  readonly hasKeys: boolean;
  readonly #ring = {};

  private constructor(init: ServerInit<Env>, steps: OAuthCore, config: string, hasKeys: boolean) {
    this.#init = init;
    this.#steps = steps;
    this.#config = config;
    this.hasKeys = hasKeys;
  }

  /**
   * Has keys if there is a `WICKET_SECRET`: the keyring, an object, is not asked yet. Throws `ERR_NO_OBJECT` if there is
   * no object class, and Rust's errors about the secret and the options.
   */
  static async create<Env>(init: ServerInit<Env>, env: Env, ctx: ExecutionContext): Promise<AuthorizationServer<Env>> {
    await objectsOf(ctx, env, init.place);
    const keys = secretOf(env);
    const kv = kvOf(init.options, env) !== undefined;
    const documents = takesDocuments(init.options);
    const config: ServerConfig = { ...init.config, kv, documents, handler: init.handler.identity(env) };
    const servers = Object.entries(init.options.resourceServers ?? {});
    if (servers.length > 0) {
      config.resourceServers = Object.fromEntries(
        servers.map(([id, secret]) => [id, required(secret, env, `The secret of resourceServers "${id}"`)]),
      );
    }
    const oauth = JSON.stringify(config);
    const { warnings, ...steps } = oauthSteps({ ...PLAIN, ...(keys !== undefined && { keys }), oauth });
    for (const warning of JSON.parse(await warnings()) as string[]) console.warn(`[mcp-wicket] ${warning}`);
    return new AuthorizationServer(init, steps, oauth, keys !== undefined);
  }

  /** The same with keys. Rejects with an `EffectFailure` if the keyring does not answer. */
  async withKeys(env: Env, ctx: ExecutionContext): Promise<AuthorizationServer<Env>> {
    const keys = await keysOf(env, () => this.#objects(env, ctx));
    const { warnings: _, ...steps } = oauthSteps({ ...PLAIN, keys, oauth: this.#config });
    return new AuthorizationServer(this.#init, steps, this.#config, true);
  }

  /** Runs a flow during a request; `input` is JSON, or its text. */
  async run<T>(step: keyof OAuthCore, input: object | string, body: string, context: HandlerContext<Env>): Promise<T> {
    const text = typeof input === "string" ? input : JSON.stringify(input);
    return run<T>(this.#steps[step], text, body, await this.#world(context));
  }

  /** The world of a request's flows. */
  async #world({ request, env, ctx }: HandlerContext<Env>): Promise<OAuthWorld<Env>> {
    const { handler, revocations, options } = this.#init;
    return new OAuthWorld({
      request,
      env,
      ctx,
      objects: await this.#objects(env, ctx),
      kv: kvOf(options, env),
      handler,
      revocations,
      ring: this.#ring,
      limiter: options.rateLimiter?.(env),
      auditRequired: options.auditRequired ?? false,
      audit: options.audit,
      callbackTimeout: this.#init.callbackTimeout,
    });
  }

  /** The known revocation rules, if there are any. */
  get rules(): Record<string, number> | undefined {
    return this.#init.revocations.rules;
  }

  /** Waits until the revocation list is current; false if it is unavailable. */
  refreshRevocations(env: Env, ctx: ExecutionContext): Promise<boolean> {
    return this.#init.revocations.refreshIfStale((since, relay) => this.fetchRevocations(env, ctx, since, relay), ctx);
  }

  /** What has ended since then, according to the list or the relay of this number. */
  async fetchRevocations(
    env: Env,
    ctx: ExecutionContext,
    ...[since, relay]: Parameters<FetchChanges>
  ): Promise<RevocationChanges> {
    const object = relay === undefined ? LIST : `${LIST}:${String(relay)}`;
    return JSON.parse(
      await askObject(await this.#objects(env, ctx), object, "since", JSON.stringify(since)),
    ) as RevocationChanges;
  }

  #objects(env: Env, ctx: ExecutionContext): Namespace<RoleStub> | Promise<Namespace<RoleStub>> {
    return objectsOf(ctx, env, this.#init.place);
  }
}

function kvOf<Env>({ kv }: OAuthProviderOptions<Env>, env: Env): KVNamespace | undefined {
  return typeof kv === "function" ? kv(env) : kv;
}

/** Documents are fetched only if the runtime keeps fetches out of private networks. */
function takesDocuments<Env>({ allowClientIdMetadataDocuments = true }: OAuthProviderOptions<Env>): boolean {
  const { Cloudflare: runtime } = globalThis as { Cloudflare?: { compatibilityFlags?: Record<string, boolean> } };
  const isPublic = runtime?.compatibilityFlags?.["global_fetch_strictly_public"] === true;
  const wanted = allowClientIdMetadataDocuments !== false;
  if (wanted && !isPublic) {
    console.warn(
      '[mcp-wicket] Clients that are known by a URL (claude.ai is one) cannot connect directly: add "global_fetch_strictly_public" to compatibility_flags in wrangler.toml.',
    );
  }
  return wanted && isPublic;
}

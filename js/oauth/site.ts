/** One authorization server in one environment: its steps, its objects, and what a request may touch. */
import type { IdentityHandler } from "../handlers/identity.js";
import type { Namespace } from "../objects/find.js";
import { type ObjectPlace, type RoleStub, askObject, objectsOf } from "../objects/objects.js";
import { keysOf } from "../objects/keys.js";
import { required } from "../unset.js";
import { oauthSteps } from "../wasm.js";
import type { AskList, Followed } from "./followed.js";
import type { OAuthProviderOptions } from "./options.js";
import type { News } from "./relays.js";
import { LIST } from "./revocations.js";
import type { OAuthCore, ServerConfig } from "./wire.js";
import { OAuthWorld } from "./world.js";

/** What a site is made of. */
export interface Making<Env> {
  readonly options: OAuthProviderOptions<Env>;
  readonly handler: IdentityHandler<Env>;
  readonly place: ObjectPlace;
  readonly followed: Followed;
  readonly config: Omit<ServerConfig, "handler">;
  /** How long a function of the app's may take, in seconds. */
  readonly callbackTimeout: number;
}

export class Site<Env> {
  readonly steps: OAuthCore;
  readonly #making: Making<Env>;
  readonly #ring = {};

  private constructor(making: Making<Env>, steps: OAuthCore) {
    this.#making = making;
    this.steps = steps;
  }

  /** Throws `ERR_NO_OBJECT` where there is no object class, and what Rust has to say about secret and set-up. */
  static async make<Env>(making: Making<Env>, env: Env, ctx: ExecutionContext): Promise<Site<Env>> {
    const objects = await objectsOf(ctx, env, making.place);
    const keys = await keysOf(env, () => objects);
    const kv = kvOf(making.options, env) !== undefined;
    const documents = takesDocuments(making.options);
    const config: ServerConfig = { ...making.config, kv, documents, handler: making.handler.identity(env) };
    const servers = Object.entries(making.options.resourceServers ?? {});
    if (servers.length > 0) {
      config.resourceServers = Object.fromEntries(
        servers.map(([id, secret]) => [id, required(secret, env, `The secret of resourceServers "${id}"`)]),
      );
    }
    const origins = { allowedOrigins: [], allowedHosts: [] };
    const { warnings, ...steps } = oauthSteps({ origins, keys, oauth: JSON.stringify(config) });
    for (const warning of JSON.parse(await warnings()) as string[]) console.warn(`[mcp-wicket] ${warning}`);
    return new Site(making, steps);
  }

  /** What the flows of a request may touch. */
  async world(request: Request, env: Env, ctx: ExecutionContext): Promise<OAuthWorld<Env>> {
    const { handler, followed, options } = this.#making;
    const kv = kvOf(options, env);
    return new OAuthWorld({
      request,
      env,
      ctx,
      objects: await this.#objects(env, ctx),
      kv,
      handler,
      followed,
      ring: this.#ring,
      limiter: options.rateLimiter?.(env),
      auditRequired: options.auditRequired ?? false,
      audit: options.audit,
      callbackTimeout: this.#making.callbackTimeout,
    });
  }

  /** The rules by which grants have ended, where there are any. */
  get rules(): Record<string, number> | undefined {
    return this.#making.followed.rules;
  }

  /** Waits until they are those of today; false where nobody can tell. */
  current(env: Env, ctx: ExecutionContext): Promise<boolean> {
    return this.#making.followed.current((since, relay) => this.news(env, ctx, since, relay), ctx);
  }

  /** What has ended since then, as the list tells it or the relay of this number. */
  async news(env: Env, ctx: ExecutionContext, ...[since, relay]: Parameters<AskList>): Promise<News> {
    const object = relay === undefined ? LIST : `${LIST}:${String(relay)}`;
    return JSON.parse(await askObject(await this.#objects(env, ctx), object, "since", JSON.stringify(since))) as News;
  }

  #objects(env: Env, ctx: ExecutionContext): Namespace<RoleStub> | Promise<Namespace<RoleStub>> {
    return objectsOf(ctx, env, this.#making.place);
  }
}

function kvOf<Env>({ kv }: OAuthProviderOptions<Env>, env: Env): KVNamespace | undefined {
  return typeof kv === "function" ? kv(env) : kv;
}

/** Documents are fetched only where the runtime keeps fetches out of private networks. */
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

/**
 * A base class that is a Durable Object where the runtime makes it one, and a plain object anywhere else: the same agent
 * runs in the Worker for one request, or in an object for a session. (`class … extends DurableObject` cannot be
 * constructed outside an object, hence a constructor function.)
 */
import { DurableObject } from "#workers";
import { WicketError } from "../../common/errors.js";

/** Members that only an object's context has. */
const OF_OBJECTS: ReadonlySet<PropertyKey> = new Set([
  "storage",
  "id",
  "blockConcurrencyWhile",
  "acceptWebSocket",
  "getWebSockets",
]);

/** Explains what is missing if an agent in the Worker is used like one in an object. */
const WITHOUT_OBJECT: ProxyHandler<object> = {
  get(ctx, name) {
    if (OF_OBJECTS.has(name) && !(name in ctx)) {
      throw new WicketError(
        "ERR_NEEDS_OBJECT",
        `this.ctx.${String(name)} is only available in a Durable Object: add "static placement = \"session\";" to the class.`,
      );
    }
    const value: unknown = Reflect.get(ctx, name);
    return typeof value === "function" ? (value as () => unknown).bind(ctx) : value;
  },
};

function Base(this: { ctx: unknown; env: unknown }, ctx: object, env: unknown): object | undefined {
  if ("storage" in ctx) return Reflect.construct(DurableObject, [ctx, env], new.target as never) as object;
  this.ctx = new Proxy(ctx, WITHOUT_OBJECT);
  this.env = env;
  return undefined;
}
Base.prototype = Object.create(DurableObject.prototype, { constructor: { value: Base } }) as object;
Object.setPrototypeOf(Base, DurableObject);

/** Both kinds of context have these. */
export type AgentContext = ExecutionContext | DurableObjectState;

/** `Base` with the type of its instances. */
export const AgentBase = Base as unknown as abstract new <Env>(
  ctx: AgentContext,
  env: Env,
) => {
  /** `storage` and `id` only exist in a session's object; `state`, `setState` and `sql` throw elsewhere. */
  readonly ctx: ExecutionContext & DurableObjectState;
  readonly env: Env;
} & Rpc.DurableObjectBranded;

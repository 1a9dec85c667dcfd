/**
 * A base class that is a Durable Object where the runtime makes it one, and a plain object anywhere else: the same agent
 * runs in the Worker for one request, or in an object for a session. (`class … extends DurableObject` cannot be
 * constructed outside an object, hence a constructor function.)
 */
import { DurableObject } from "#workers";

function Base(this: { ctx: unknown; env: unknown }, ctx: object, env: unknown): object | undefined {
  if ("storage" in ctx) return Reflect.construct(DurableObject, [ctx, env], new.target as never) as object;
  this.ctx = ctx;
  this.env = env;
  return undefined;
}
Base.prototype = Object.create(DurableObject.prototype, { constructor: { value: Base } }) as object;
Object.setPrototypeOf(Base, DurableObject);

/** Both kinds of context have these. */
export type AgentContext = ExecutionContext | DurableObjectState;

/** `Base` with the type of what it makes. */
export const AgentBase = Base as unknown as abstract new <Env>(
  ctx: AgentContext,
  env: Env,
) => {
  /** `storage` and `id` are there in a session's object only; `state`, `setState` and `sql` say so where they are not. */
  readonly ctx: ExecutionContext & DurableObjectState;
  readonly env: Env;
} & Rpc.DurableObjectBranded;

/**
 * Durable Objects as roles of one class: what an object does is told by the prefix of its name (`subject:…`, `keyring`).
 * A role registers itself when its module loads; the class, `WicketObject` or the app's own agent, only passes on.
 */

import { notSqlite } from "./missing.js";

/** An object in its role. */
export interface RoleObject {
  /** Its whole name. */
  readonly name: string;
  /** The name of the class that it is an object of: where it finds its fellows. */
  readonly className: string;
  readonly ctx: DurableObjectState;
  readonly env: unknown;
}

/** What objects of one prefix do. */
export interface Role {
  /** Answers a call from our own code; both ways JSON text. */
  ask(object: RoleObject, call: string, input: string): Promise<string>;
  /** The alarm that the role has set went off. */
  alarm?(object: RoleObject): Promise<void>;
  /** True for a role that mostly keeps nothing: its name is kept only once it calls `rememberName`. */
  readonly sparing?: true;
  /** Opens a WebSocket to our own code. */
  connect?(object: RoleObject, request: Request): Response;
}

const roles = new Map<string, Role>();

/** Called when a module with a role loads. */
export function provideRole(prefix: string, role: Role): void {
  roles.set(prefix, role);
}

function roleOf(name: string): Role {
  const [prefix = ""] = name.split(":", 1);
  const role = roles.get(prefix);
  if (!role) throw new Error(`no role "${prefix}": is the entry point loaded that has it?`);
  return role;
}

/** Where an object keeps its name, for its alarm: the runtime does not tell it. */
const NAME = "wicket:name";

/** In the object: answers a call. */
export async function askRole(object: RoleObject, call: string, input: string): Promise<string> {
  needSqlite(object);
  const role = roleOf(object.name);
  if (role.alarm && !role.sparing) rememberName(object);
  return role.ask(object, call, input);
}

/** In the object: keeps its name, without which an alarm finds no role. */
export function rememberName({ name, ctx }: RoleObject): void {
  const { kv } = ctx.storage;
  if (kv.get(NAME) === undefined) kv.put(NAME, name);
}

/** Throws `ERR_NO_OBJECT` where the objects of a class have no SQLite. */
export function needSqlite({ className, ctx }: Pick<RoleObject, "className" | "ctx">): void {
  if (withSqlite.has(ctx)) return;
  try {
    if (ctx.storage.sql.databaseSize >= 0) withSqlite.add(ctx);
  } catch {
    throw notSqlite(className);
  }
}

const withSqlite = new WeakSet<DurableObjectState>();

/** The header that marks our own code's request for a WebSocket, with the object's name; it never comes from outside. */
export const CONNECT_HEADER = "x-wicket-object";

/** In the object: opens a WebSocket to our own code. */
export function connectRole(object: Omit<RoleObject, "name">, request: Request): Response {
  const name = request.headers.get(CONNECT_HEADER);
  needSqlite(object);
  const connected = name === null ? undefined : roleOf(name).connect?.({ ...object, name }, request);
  return connected ?? new Response("Not found", { status: 404 });
}

/** In the object: passes an alarm on; false if the object has no role. */
export async function alarmRole(object: Omit<RoleObject, "name">): Promise<boolean> {
  const name = object.ctx.storage.kv.get<string>(NAME);
  if (name === undefined) return false;
  await roleOf(name).alarm?.({ ...object, name });
  return true;
}

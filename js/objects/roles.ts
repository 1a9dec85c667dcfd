/**
 * Durable Objects as roles of one class: the prefix of an object's name decides its role (`subject:…`, `keyring`). A
 * role registers itself when its module loads; the class, `WicketObject` or the app's own agent, only forwards calls.
 */

import { notSqlite } from "./missing.js";

/** An object in its role. */
export interface RoleObject {
  /** Its whole name. */
  readonly name: string;
  /** The name of its class, by which it finds the other objects. */
  readonly className: string;
  readonly ctx: DurableObjectState;
  readonly env: unknown;
}

/** The behaviour of the objects with one prefix. */
export interface Role {
  /** Answers a call from our own code; input and answer are JSON text. */
  ask(object: RoleObject, call: string, input: string): Promise<string>;
  /** Called when the role's alarm goes off. */
  alarm?(object: RoleObject): Promise<void>;
  /** True for a role that usually stores nothing: its name is stored only once it calls `rememberName`. */
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
  if (!role) throw new Error(`unknown role "${prefix}": is its entry point loaded?`);
  return role;
}

/** The storage key of an object's name, for its alarm: the runtime does not provide it there. */
const NAME = "wicket:name";

/** In the object: answers a call. */
export async function askRole(object: RoleObject, call: string, input: string): Promise<string> {
  needSqlite(object);
  const role = roleOf(object.name);
  if (role.alarm && !role.sparing) rememberName(object);
  return role.ask(object, call, input);
}

/** In the object: stores its name, without which an alarm finds no role. */
export function rememberName({ name, ctx }: RoleObject): void {
  const { kv } = ctx.storage;
  if (kv.get(NAME) === undefined) kv.put(NAME, name);
}

/** Throws `ERR_NO_OBJECT` if the objects of a class do not use SQLite. */
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

/** In the object: forwards an alarm; false if the object has no role. */
export async function alarmRole(object: Omit<RoleObject, "name">): Promise<boolean> {
  const name = object.ctx.storage.kv.get<string>(NAME);
  if (name === undefined) return false;
  await roleOf(name).alarm?.({ ...object, name });
  return true;
}

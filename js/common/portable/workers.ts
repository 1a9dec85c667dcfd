/** Replaces `cloudflare:workers` if there is no Workers runtime. */

/** So that classes can be declared, and agents constructed for tests of their methods. */
class PortableObject {
  readonly ctx: unknown;
  readonly env: unknown;

  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}

export const DurableObject = PortableObject as unknown as typeof import("cloudflare:workers").DurableObject;

/** A Worker's bindings and exports: empty, because there is no Worker. */
export const importedEnv = (): unknown => ({});
export const importedTracing = (): unknown => undefined;
export const importedExports = (): Readonly<Record<string, unknown>> => ({});
export const importedStorage = (): unknown => undefined;

/** Background work continues by itself. */
export function waitUntil(promise: Promise<unknown>): void {
  promise.catch(() => {});
}

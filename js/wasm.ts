/**
 * Which build of the Rust half this Worker carries. Each entry point of the package provides its own, so that a Worker
 * uploads the one module it needs.
 */
import { WicketError } from "./errors.js";
import type { Core, CoreClass, CoreConfig, StepMethod } from "./wire.js";

let provided: CoreClass | undefined;

/** Called by an entry point when it loads. */
export function provideCore(core: CoreClass): void {
  provided = core;
}

/**
 * The steps of the exported class with this configuration. The class makes a proxy at each access of a method, so each is
 * taken once. Throws `ERR_NO_CORE` if no entry point has been loaded.
 */
export function newCore(config: CoreConfig): Core {
  if (!provided) throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket", not from a file inside the package.');
  return stepsOf(new provided(config), ["no_auth", "mcp", "tell", "place"]);
}

/** The methods of `core` as functions. */
export function stepsOf<Name extends string>(core: Record<Name, StepMethod>, names: Name[]): Record<Name, StepMethod> {
  const steps = {} as Record<Name, StepMethod>;
  for (const name of names) {
    const method = core[name];
    steps[name] = (...args) => Reflect.apply(method, core, args);
  }
  return steps;
}

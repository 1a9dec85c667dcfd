/**
 * Which build of the Rust half this Worker carries. Each entry point of the package provides its own, so that a Worker
 * uploads the one module it needs.
 */
import { WicketError } from "./errors.js";
import type { Core, CoreClass, CoreConfig } from "./wire.js";

let provided: CoreClass | undefined;

/** Called by an entry point when it loads. */
export function provideCore(core: CoreClass): void {
  provided = core;
}

/** The exported class with this configuration. Throws `ERR_NO_CORE` if no entry point has been loaded. */
export function newCore(config: CoreConfig): Core {
  if (!provided) throw new WicketError("ERR_NO_CORE", 'Import from "mcp-wicket", not from a file inside the package.');
  return new provided(config);
}

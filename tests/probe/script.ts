/** What a probe does, and what came of it. */
import type { Failure } from "../../dist/boundary/wire.js";

/** See `src/probe.rs`, `Script`. */
export interface Script {
  name: string;
  rounds?: ({ fetch: string } | { load: string })[][];
  store?: string;
  trapAt?: number;
}

/** See `src/probe.rs`, `Found`. */
export interface Found {
  name: string;
  outcomes: ({ ok: string } | { failed: Failure })[];
}

export interface ProbeOptions {
  /** Traps once, in the step that has this many outcomes, and goes on when that step is made again. */
  trapOnceAt?: number;
}

/**
 * What the official SDK's `extra.sendRequest` takes beside a request. Here they give its answer a type and do nothing else:
 * an answer is held to what was asked (`src/mcp/ask.rs`).
 */
import type { ElicitResult, Root, SampleResult } from "./types.js";

/** Says what a request is answered with. */
export interface ResultSchema<Result> {
  readonly result?: Result;
}

export const CreateMessageResultSchema: ResultSchema<SampleResult> = {};
export const ElicitResultSchema: ResultSchema<ElicitResult> = {};
export const ListRootsResultSchema: ResultSchema<{ roots: Root[] }> = {};
export const EmptyResultSchema: ResultSchema<object> = {};

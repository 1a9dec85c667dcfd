/*
 * The second argument of `extra.sendRequest` in the official SDK. Here it only sets the type of the answer: answers are
 * validated against the request (`src/mcp/server_request.rs`).
 */
import type { ElicitResult, Root, SampleResult } from "./types.js";

/** The type of a request's result. */
export interface ResultSchema<Result> {
  readonly result?: Result;
}

export const CreateMessageResultSchema: ResultSchema<SampleResult> = {};
export const ElicitResultSchema: ResultSchema<ElicitResult> = {};
export const ListRootsResultSchema: ResultSchema<{ roots: Root[] }> = {};
export const EmptyResultSchema: ResultSchema<object> = {};

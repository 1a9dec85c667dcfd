/** Nothing is timed before its answer is known to be right. */
import { Failure } from "../../scripts/lib/step.mjs";
import { post } from "./requests.mjs";

/** @typedef {import("./load.mjs").FixedRequest} FixedRequest */
/** @typedef {(result: any) => boolean} Check whether a JSON-RPC result is the right one */

/** The result of `add` for 40 and 2. @type {Check} */
export const isFortyTwo = (result) => result?.content?.[0]?.text === "42" && !result.isError;

/** A list of fifty tools, each with three input fields. @type {Check} */
export const isFiftyTools = (result) =>
  result?.tools?.length === 50 &&
  result.tools.every((/** @type {any} */ tool) => Object.keys(tool.inputSchema.properties).length === 3);

/**
 * Sends the request once and answers the body and its JSON-RPC message, or fails with what came instead.
 * @param {string} id the contestant's name
 * @param {string} url
 * @param {FixedRequest} request
 * @param {Check} check
 */
export async function rightAnswer(id, url, request, check) {
  const response = await post(url, request);
  const body = await response.text();
  const type = response.headers.get("Content-Type") ?? "";
  const message = parse(body, type);
  if (response.status !== 200 || message?.id !== 1 || !check(message.result)) {
    throw new Failure(`${id} answered wrongly: ${response.status} ${type}\n${body.slice(0, 2000)}`);
  }
  return { body, type, message };
}

/** A JSON-RPC message as plain JSON, or as the last event of a stream. */
function parse(/** @type {string} */ body, /** @type {string} */ type) {
  const json = type.startsWith("text/event-stream")
    ? body
        .match(/^data: (.+)$/gm)
        ?.at(-1)
        ?.slice(6)
    : body;
  try {
    return JSON.parse(json ?? "null");
  } catch {
    return null;
  }
}

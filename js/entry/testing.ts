/**
 * `mcp-wicket/testing`: for tests of your own server. A client in the same process, tokens and keys, a sign-in without a
 * browser, and a clock that tests can move. It contains no wasm module, and must not be part of a deployed Worker.
 *
 * @module mcp-wicket/testing
 */
export { ProtocolError } from "../common/errors.js";
export {
  type CallOptions,
  type CompletionOf,
  type ConnectOptions,
  type ListedResourceTemplate,
  type ServerDescription,
  TestClient,
  type ToolCallResult,
  connect,
  textOf,
} from "../testing/client.js";
export { clock } from "../testing/clock.js";
export type { Notification, Revision, RequestOptions } from "../testing/exchange.js";
export { HttpError } from "../testing/http-error.js";
export type { Listening, ListenTo } from "../testing/listening.js";
export { type SignedIn, type SignInOptions, signIn } from "../testing/sign-in.js";
export type { FetchTarget, HandlerTarget, StubTarget, Target } from "../testing/target.js";
export { type IssuerOptions, type SignOptions, type TestApiKeyOptions, TestIssuer, tokens } from "../testing/tokens.js";
export type { TestPerson } from "../testing/upstream.js";

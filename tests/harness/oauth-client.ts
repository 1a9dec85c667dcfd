/** An MCP client of the official SDK with its own OAuth, whose browser is somebody else's business. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { OAuthClientProvider } from "@modelcontextprotocol/sdk/client/auth.js";
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from "@modelcontextprotocol/sdk/shared/auth.js";

/** The program that waits on loopback for the answer. */
export interface Listener {
  redirectUri: string;
  /** The next answer that arrives. */
  next(): Promise<URL>;
  stop(): void;
}

export async function listen(): Promise<Listener> {
  const waiting: ((url: URL) => void)[] = [];
  const arrived: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", redirectUri);
    response
      .writeHead(200, { "content-type": "text/html" })
      .end("<!doctype html><title>Done</title><p>You can close this window.</p>");
    if (url.pathname !== "/callback") return;
    const waiter = waiting.shift();
    if (waiter) waiter(url);
    else arrived.push(url);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  return {
    redirectUri,
    next: () => {
      const url = arrived.shift();
      return url ? Promise.resolve(url) : new Promise((resolve) => waiting.push(resolve));
    },
    stop: () => server.close(),
  };
}

/** What the SDK wants to know and keep; `open` is told where the browser has to go. */
export class ClientState implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly #open: (url: URL) => void;
  #client: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = "";

  constructor(redirectUrl: string, open: (url: URL) => void) {
    this.redirectUrl = redirectUrl;
    this.#open = open;
  }

  get clientMetadata(): OAuthClientMetadata {
    return {
      client_name: "Cursor",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  clientInformation() {
    return this.#client;
  }
  saveClientInformation(client: OAuthClientInformationMixed) {
    this.#client = client;
  }
  tokens() {
    return this.#tokens;
  }
  saveTokens(tokens: OAuthTokens) {
    this.#tokens = tokens;
  }
  codeVerifier() {
    return this.#verifier;
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }
  redirectToAuthorization(url: URL) {
    this.#open(url);
  }
}

/**
 * A response without a JSON-RPC message: the request was refused before its message was read, or sent to a wrong path.
 */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;

  constructor(status: number, headers: Headers, body: string) {
    super(`The server answered ${status}: ${body.slice(0, 500)}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  static async of(response: Response): Promise<HttpError> {
    return new HttpError(response.status, response.headers, await response.text());
  }

  /**
   * The parameters of `WWW-Authenticate` (RFC 6750 §3): `error`, `scope`, `resource_metadata`. Empty if the header is
   * absent.
   */
  get challenge(): Partial<Record<string, string>> {
    const header = this.headers.get("www-authenticate") ?? "";
    const parameters = header.matchAll(/([\w-]+)="((?:[^"\\]|\\.)*)"/g);
    return Object.fromEntries(
      Array.from(parameters, ([, name = "", value = ""]): [string, string] => [name, value.replace(/\\(.)/g, "$1")]),
    );
  }
}

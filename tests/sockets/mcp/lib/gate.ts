/** A server on loopback that lets everybody wait until it is told to answer. */
import { EventEmitter, once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export class Gate extends EventEmitter {
  readonly #server = createServer((request, response) => this.#came(request, response));
  readonly #waiting = new Map<ServerResponse, string>();
  #seen = 0;

  /** Where it listens. */
  url = "";

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** `/now/NAME` is answered with NAME at once, everything else waits. */
  #came(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    if (path.startsWith("/now/")) {
      response.end(path.slice("/now/".length));
      return;
    }
    this.#seen++;
    this.#waiting.set(response, path.slice(1));
    response.once("close", () => {
      this.#waiting.delete(response);
      this.emit("changed");
    });
    this.emit("changed");
  }

  /** How many have come since the last call of `open`. */
  get seen(): number {
    return this.#seen;
  }

  /** How many of them are still there. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when `condition` holds, which is looked at whenever somebody comes or goes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this, "changed", { signal: AbortSignal.timeout(20_000) });
  }

  /** True if somebody waits at `path`. */
  has(path: string): boolean {
    return [...this.#waiting.values()].includes(path.slice(1));
  }

  /** Answers everybody who waits (at `path`, if that is given) with the path they asked for. */
  open(path?: string): void {
    this.#seen = 0;
    for (const [response, asked] of this.#waiting) {
      if (path === undefined || asked === path.slice(1)) response.end(asked);
    }
  }
}

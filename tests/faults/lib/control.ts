/** The server to which the Worker reports each effect, and which says what becomes of it. Runs in Node. */
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type When = "before" | "after";

/** A point in a flow: before an effect, or after it. A call of an object is over when it has written, and not yet answered. */
export interface Point {
  when: When;
  what: string;
  /** Which of equal ones, from 1. */
  nth: number;
}

export const nameOf = ({ when, what, nth }: Point): string => `${when} ${what}${nth > 1 ? ` (${String(nth)})` : ""}`;

export class Control {
  /** What was reported since `begin`. */
  points: Point[] = [];
  /** The object of each role that was called last. */
  readonly objects = new Map<string, string>();
  /** Whether an effect fails at this point. */
  fails: (point: Point) => boolean = () => false;
  #killAt: string | undefined;
  #killed: (() => void) | undefined;
  readonly #kill: () => Promise<void>;
  readonly #server = createServer((request, response) => void this.#hear(request.url ?? "", response));

  /** `kill` ends the Worker's process. */
  constructor(kill: () => Promise<void>) {
    this.#kill = kill;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Counts anew; nothing fails. */
  begin(): void {
    this.points = [];
    this.fails = () => false;
    this.#killAt = undefined;
  }

  /** Counts anew, and kills the process at this point; resolves once it is dead. */
  killAt(point: Point): Promise<void> {
    this.begin();
    this.#killAt = nameOf(point);
    return new Promise((resolve) => (this.#killed = resolve));
  }

  async #hear(url: string, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(url, "http://control");
    const [when, what] = [searchParams.get("when") as When, searchParams.get("what") ?? ""];
    const object = searchParams.get("object") ?? "";
    if (object !== "") this.objects.set(object.split(":")[0] ?? "", object);
    const nth = this.points.filter((other) => other.when === when && other.what === what).length + 1;
    const point = { when, what, nth };
    this.points.push(point);
    if (nameOf(point) === this.#killAt) {
      this.#killAt = undefined;
      await this.#kill();
      this.#killed?.();
      return;
    }
    response.end(this.fails(point) ? "fail" : "go on");
  }
}

/** Reading a stream of server-sent events as a client does. */

export interface ServerEvent {
  event: string;
  data: string;
  id?: string | undefined;
}

export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(response: Response) {
    if (!response.body) throw new Error(`no stream: ${response.status}`);
    this.#reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  }

  /** The next event; nothing at the end of the stream. Comments are passed over. */
  async next(): Promise<ServerEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end < 0) {
        const { done, value } = await this.#reader.read();
        if (done) return undefined;
        this.#text += this.#decoder.decode(value, { stream: true });
        continue;
      }
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      const fields = block.split("\n").filter((line) => !line.startsWith(":"));
      if (fields.length === 0) continue;
      const all = (name: string) =>
        fields.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      if (all("event").length + all("data").length === 0) continue;
      return { event: all("event")[0] ?? "message", data: all("data").join("\n"), id: all("id")[0] };
    }
  }

  /** The next message, parsed. */
  async message<T>(): Promise<T> {
    let next = await this.next();
    // A stream that can go on begins with an event that has nothing but a name.
    while (next?.data === "") next = await this.next();
    if (next?.event !== "message") throw new Error(`no message, but ${JSON.stringify(next)}`);
    return JSON.parse(next.data) as T;
  }

  /** Goes away, as a client that closes its window does. */
  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

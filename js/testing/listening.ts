/** Listens for changes: `subscriptions/listen` on 2026-07-28, the session's stream on older revisions. */
import { WicketError } from "../common/errors.js";
import { type Message, isStream, messagesOf } from "./events.js";
import { type Exchange, MODERN, type Notification } from "./exchange.js";
import { HttpError } from "./http-error.js";

/** What to listen to. Before 2026-07-28 a client is always notified about all lists. */
export interface ListenTo {
  toolsListChanged?: true;
  promptsListChanged?: true;
  resourcesListChanged?: true;
  /** URIs of resources. */
  resourceSubscriptions?: readonly string[];
}

/** An open stream of notifications. */
export class Listening {
  readonly #messages: AsyncGenerator<Message, void>;

  constructor(messages: AsyncGenerator<Message, void>) {
    this.#messages = messages;
  }

  /** The next notification, as soon as there is one. Throws `ERR_ARGUMENT` if the stream has ended. */
  async next(): Promise<Notification> {
    const { done, value } = await this.#messages.next();
    if (done) throw new WicketError("ERR_ARGUMENT", "The stream of notifications has ended.");
    return { method: value.method ?? "", params: value.params ?? {} };
  }

  /** Closes the stream. */
  async close(): Promise<void> {
    await this.#messages.return();
  }
}

/** Opens the stream. */
export async function listen(exchange: Exchange, to: ListenTo): Promise<Listening> {
  const { speaker } = exchange;
  if (speaker.revision !== MODERN) {
    for (const uri of to.resourceSubscriptions ?? []) await exchange.request("resources/subscribe", { uri });
    const headers = { ...exchange.headers(), accept: "text/event-stream" };
    return opened(await speaker.send(new Request(speaker.url, { headers })));
  }
  const listening = await opened(
    await exchange.post(exchange.message("subscriptions/listen", { notifications: to }), {}, {}),
  );
  const { params } = await listening.next();
  const heard = params.notifications as ListenTo | undefined;
  if (Object.keys(heard ?? {}).length > 0) return listening;
  await listening.close();
  throw new WicketError(
    "ERR_NO_OBJECT",
    'Nothing can be heard: this needs a Durable Object class, `export { WicketObject } from "mcp-wicket"` and its migration.',
  );
}

async function opened(response: Response): Promise<Listening> {
  if (!isStream(response)) throw await HttpError.of(response);
  return new Listening(messagesOf(response));
}

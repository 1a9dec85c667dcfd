/** `WicketObject`: the Durable Object class for apps without an agent class. */
import { DurableObject } from "#workers";
import { alarmRole, askRole, connectRole } from "./roles.js";

/**
 * Export it from your Worker's main file, with a migration (`new_sqlite_classes = ["WicketObject"]`); it needs no
 * binding. Everything that has to be stored, or decided once, is in objects of this class.
 */
export class WicketObject extends DurableObject {
  /** For our own code: calls the object in its role. @internal */
  wicketAsk(name: string, call: string, input: string): Promise<string> {
    return askRole({ name, className: WicketObject.name, ctx: this.ctx, env: this.env }, call, input);
  }

  /** For our own code: the name of its class. @internal */
  wicketClass(): string {
    return WicketObject.name;
  }

  /** For our own code: opens a WebSocket to the object in its role. */
  override fetch(request: Request): Response {
    return connectRole({ className: WicketObject.name, ctx: this.ctx, env: this.env }, request);
  }

  override async alarm(): Promise<void> {
    await alarmRole({ className: WicketObject.name, ctx: this.ctx, env: this.env });
  }
}

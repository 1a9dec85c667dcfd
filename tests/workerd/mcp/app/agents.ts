/** Agents in each place where an agent can be. */
import { McpAgent, McpServer } from "mcp-wicket";
import * as z from "zod";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: String(value) }] });

/** Calls that go on when so many have begun, and a test says so. */
export const held = { begun: 0, released: true };

/** Runs in the Worker. */
export class Plain extends McpAgent<Cloudflare.Env, { count: number }> {
  override server = new McpServer({ name: "plain", version: "1.0.0" }, { instructions: "Be plain." });

  override init(): void {
    this.server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => text(a + b));
    this.server.registerTool("slow", { inputSchema: { together: z.number() } }, async ({ together }) => {
      held.begun++;
      // real time: a look at what other calls do, however long they take
      while (held.begun < together || !held.released) await scheduler.wait(5);
      return text("slow");
    });
    sleeps(this.server);
    this.server.registerTool("read_state", {}, () => text(this.state.count));
    this.server.registerTool("write_state", {}, () => {
      this.setState({ count: 1 });
      return text("written");
    });
    this.server.registerTool("run_sql", {}, () => text(this.sql`select 1 as one`.length));
    this.server.registerTool("query", {}, async () => text(await this.env.DB.prepare("select 40 + 2").first("40 + 2")));
    this.server.registerTool("has_storage", {}, () => text("storage" in this.ctx));
  }
}

/** A tool that sleeps by the clock that tests can move. */
function sleeps(server: McpServer): void {
  server.registerTool("sleep", { inputSchema: { ms: z.number() } }, async ({ ms }) => {
    // real time: tests move it
    await new Promise((resolve) => setTimeout(resolve, ms));
    return text("slept");
  });
}

/** Lives in its session's object because it says so. */
export class Placed extends McpAgent<Cloudflare.Env> {
  static override placement = "session" as const;
  override server = new McpServer({ name: "placed", version: "1.0.0" });
  /** Of one request, as all fields are. */
  #calls = 0;

  override init(): void {
    this.sql`create table if not exists calls (at integer)`;
    this.sql`create table if not exists notes (text text)`;
    this.server.registerTool("count", {}, () => {
      this.sql`insert into calls values (${Date.now()})`;
      return text(this.sql<{ n: number }>`select count(*) as n from calls`[0]?.n);
    });
    this.server.registerTool("field", {}, () => text(++this.#calls));
    sleeps(this.server);
    this.server.registerTool("note", { inputSchema: { note: z.string() } }, ({ note }) => {
      this.sql`insert into notes values (${note})`;
      return text("noted");
    });
    this.server.registerTool("notes", {}, () => {
      const rows = this.sql<{ text: string }>`select text from notes order by rowid`;
      return text(rows.map((row) => row.text).join());
    });
    this.server.registerTool("whoami", {}, () => text(JSON.stringify(this.props)));
    this.server.registerTool("request", {}, ({ requestInfo, requestId, sessionId }) =>
      text(JSON.stringify({ ...requestInfo, requestId, sessionId })),
    );
    this.server.registerTool("query", {}, async () => text(await this.env.DB.prepare("select 40 + 2").first("40 + 2")));
    this.server.registerTool("throw", {}, () => {
      throw new Error("a secret of the object");
    });
  }
}

/** Lives in its session's object because it has a state to begin with. */
export class Stateful extends McpAgent<Cloudflare.Env, { count: number }> {
  override server = new McpServer({ name: "stateful", version: "1.0.0" });
  override initialState = { count: 0 };

  override init(): void {
    this.server.registerTool("increment", {}, () => {
      this.setState({ count: this.state.count + 1 });
      return text(this.state.count);
    });
  }
}

/** Keeps things in each way that there is. */
export class Keeping extends McpAgent<Cloudflare.Env, { count: number }> {
  override server = new McpServer({ name: "keeping", version: "1.0.0" });
  override initialState = { count: 0 };

  override init(): void {
    this.sql`create table if not exists notes (text text)`;
    this.server.registerTool("keep", {}, () => {
      this.sql`insert into notes values ('kept')`;
      this.setState({ count: this.state.count + 1 });
      return text(this.state.count);
    });
    this.server.registerTool("keep_late", {}, async ({ signal }) => {
      held.begun++;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      this.setState({ count: 99 });
      return text(signal.aborted);
    });
  }
}

/** Has an alarm of its own. */
export class OwnAlarm extends Keeping {
  override init(): void {
    super.init();
    void (this.ctx as DurableObjectState).storage.setAlarm(Date.now() + 1000 * 3600 * 1000);
  }
  override alarm(): Promise<void> {
    this.setState({ count: -1 });
    return Promise.resolve();
  }
}

/** Wants an object, but its class is exported by nobody. */
export class Homeless extends McpAgent<Cloudflare.Env> {
  static override placement = "session" as const;
}

/** Runs in the Worker and wants an object for its stream only. */
export class HomelessStream extends McpAgent<Cloudflare.Env> {}

/** Fails to set up the first time that its session's object tries. */
export class Flaky extends McpAgent<Cloudflare.Env> {
  static override placement = "session" as const;

  override init(): void {
    this.sql`create table if not exists tries (at integer)`;
    this.sql`insert into tries values (1)`;
    const tries = this.sql`select * from tries`.length;
    if (tries === 1) throw new Error("not yet");
    (this.server as McpServer).registerTool("tries", {}, () => text(tries));
  }
}

/** Somebody with a browser: programs open it by name, as they do on a desktop, and the person allows what they ask. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserAgent } from "../../harness/agent.ts";

/** The commands with which programs open a browser. */
const COMMANDS = ["xdg-open", "sensible-browser", "x-www-browser", "www-browser", "open"];

export interface Person {
  /** Sends a request to wherever its host is. */
  find: typeof fetch;
  /** Where the provider is, and the text of the link that the person follows there. */
  host: string;
  link: string;
  /** A folder for `PATH` with the commands that open a browser. */
  commands: string;
  /** What went wrong on the way, if anything did. */
  troubles: string[];
  /** Allows the client and signs in; gives the client's redirect URI with the answer. */
  authorize(url: string): Promise<URL>;
  stop(): void;
}

export async function person({ find, host, link }: Pick<Person, "find" | "host" | "link">): Promise<Person> {
  const troubles: string[] = [];
  const authorize = (url: string) => new UserAgent(find).authorize(url, link);
  const browse = async (url: string) => {
    const page = await fetch(await authorize(url));
    if (!page.ok) throw new Error(`the client's own page has status ${page.status}: ${await page.text()}`);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://127.0.0.1").searchParams.get("url") ?? "";
    browse(url).catch((error: unknown) => troubles.push(String(error)));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const commands = mkdtempSync(join(tmpdir(), "mcp-wicket-browser-"));
  const tell = `fetch("http://127.0.0.1:${port}/?url=" + encodeURIComponent(process.argv[1]))`;
  for (const name of COMMANDS) {
    writeFileSync(join(commands, name), `#!/bin/sh\nexec '${process.execPath}' -e '${tell}' "$1"\n`);
    chmodSync(join(commands, name), 0o755);
  }
  return {
    find,
    host,
    link,
    commands,
    troubles,
    authorize,
    stop() {
      server.close();
      rmSync(commands, { recursive: true, force: true });
    },
  };
}

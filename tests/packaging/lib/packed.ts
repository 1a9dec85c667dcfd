/** Both packages as people get them: packed, and offered by a registry on this computer that has nothing else. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { at, root } from "../../harness/paths.ts";

const run = promisify(execFile);

/** What a new project installs beside the package; here as it is in this repository. */
const INSTALLED = ["@cfworker", "@cloudflare", "typescript", "vitest", "wrangler", "zod"];
const COMMANDS = ["tsc", "vitest", "wrangler"];

export interface Packed {
  /** An empty folder outside the repository, in which projects can be made. */
  folder: string;
  /** The file names of the tarballs in it, by package. */
  tarballs: Record<"mcp-wicket" | "create-mcp-wicket", string>;
  /** Runs a command as written, in a folder; gives its output, and throws with it. */
  command: (folder: string, line: string) => Promise<string>;
  /** The environment of commands. */
  env: NodeJS.ProcessEnv;
  /** What `npm install` does: the packed package, with what else the project needs. */
  install: (project: string) => void;
  remove: () => void;
}

export async function pack(): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-projects-"));
  const packages = ["mcp-wicket", "create-mcp-wicket"] as const;
  const args = ["pack", "--json", "--pack-destination", folder, root, at("create")];
  const made = JSON.parse((await run("npm", args, { cwd: folder })).stdout) as { name: string; filename: string }[];
  const tarballs = Object.fromEntries(made.map(({ name, filename }) => [name, filename])) as Packed["tarballs"];
  for (const name of packages) if (!tarballs[name]) throw new Error(`npm pack has made no ${name}`);

  const modules = join(folder, ".modules");
  const own = join(modules, "mcp-wicket");
  mkdirSync(own, { recursive: true });
  await run("tar", ["xzf", join(folder, tarballs["mcp-wicket"]), "-C", own, "--strip-components=1"]);
  for (const name of INSTALLED) symlinkSync(at("node_modules", name), join(modules, name));
  mkdirSync(join(modules, ".bin"));
  for (const name of COMMANDS) symlinkSync(at("node_modules/.bin", name), join(modules, ".bin", name));
  chmodSync(join(own, "dist/cli/main.js"), 0o755);
  symlinkSync("../mcp-wicket/dist/cli/main.js", join(modules, ".bin/mcp-wicket"));

  const registry = await serveTarballs(folder, tarballs);
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}`,
    npm_config_registry: registry.url,
    npm_config_cache: join(folder, ".cache"),
    npm_config_update_notifier: "false",
    npm_config_yes: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_WRITE_LOGS: "false",
    WRANGLER_REGISTRY_PATH: join(folder, ".registry"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    CI: "true",
  };
  return {
    folder,
    tarballs,
    env,
    async command(cwd, line) {
      const { stdout, stderr } = await run("sh", ["-c", line], { cwd, env }).catch((error: unknown) => {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        throw new Error(`${line}\n${stdout}${stderr}`, { cause: error });
      });
      return stdout + stderr;
    },
    install: (project) => symlinkSync(modules, join(project, "node_modules")),
    remove() {
      registry.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A registry with these packages alone. */
async function serveTarballs(folder: string, tarballs: Record<string, string>) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").slice(1));
    const file = Object.values(tarballs).find((name) => path === `tarballs/${name}`);
    if (file !== undefined) return void response.end(readFileSync(join(folder, file)));
    const tarball = tarballs[path];
    if (tarball === undefined) return void response.writeHead(404).end("{}");
    const { version, bin } = JSON.parse(
      readFileSync(path === "mcp-wicket" ? at("package.json") : at("create/package.json"), "utf8"),
    ) as { version: string; bin: object };
    const dist = { tarball: `${url}/tarballs/${tarball}` };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        name: path,
        "dist-tags": { latest: version },
        versions: { [version]: { name: path, version, bin, dist } },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, stop: () => server.close() };
}

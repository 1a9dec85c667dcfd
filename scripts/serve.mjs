// `npm run serve -- NAME [--port N]`: one of the examples, or `everything` (the conformance fixture), on 127.0.0.1.
// Prints `ready http://127.0.0.1:N` once it answers, and ends on SIGTERM or Ctrl-C.

import { existsSync, readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { at } from "./lib/paths.mjs";
import { Failure, runAsScript } from "./lib/step.mjs";
import { runWorker } from "./lib/worker.mjs";
import { setup } from "./setup.mjs";

/** The Workers that can be served: name and configuration. */
function servable() {
  const examples = existsSync(at("examples")) ? readdirSync(at("examples")) : [];
  const configs = [...examples.map((name) => [name, at("examples", name, "wrangler.toml")])];
  configs.push(["everything", at("tests", "conformance", "everything", "wrangler.toml")]);
  return new Map(configs.filter(([, config]) => existsSync(config)));
}

await runAsScript(import.meta.url, async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { port: { type: "string", default: "8787" } },
  });
  const workers = servable();
  const config = workers.get(positionals[0]);
  if (!config || positionals.length > 1) {
    throw new Failure(`Usage: npm run serve -- NAME [--port N]\nNAME is one of: ${[...workers.keys()].join(", ")}`);
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Failure(`"${values.port}" is not a port number.`);
  await setup();
  await build();
  await runWorker({ config, port }, ({ url }) => console.log(`ready ${url}`));
});

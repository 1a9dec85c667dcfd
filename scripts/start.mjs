// `npm start`: the example without sign-in, with a page that shows how to connect. `PORT` changes the port.

import { build } from "./build.mjs";
import { at } from "./lib/paths.mjs";
import { Failure, runAsScript } from "./lib/step.mjs";
import { claimPort, runWorker } from "./lib/worker.mjs";
import { setup } from "./setup.mjs";

await runAsScript(import.meta.url, async () => {
  const port = Number(process.env.PORT || 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Failure(`PORT=${process.env.PORT} is not a port number.`);
  await claimPort(port).catch((error) => {
    throw new Failure(`${error.message}\nFor example: PORT=8788 npm start`);
  });
  await setup();
  await build({ only: ["mcp"] });
  console.log("Starting …");
  await runWorker({ config: at("wrangler.toml"), port, state: at(".wrangler", "state") }, ({ url }) => {
    console.log(`\nYour MCP server is running.\n`);
    console.log(`  How to connect   ${url}/`);
    console.log(`  MCP URL          ${url}/mcp`);
    console.log(`  Stop it          Ctrl-C\n`);
  });
});

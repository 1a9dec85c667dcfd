// The lock file must name workerd's packages for every system, or `npm ci` refuses it. npm leaves out those that the
// registry at hand does not have; `npm run format` puts them back, and `npm run test:lint` looks whether it has to.

import { readFileSync, writeFileSync } from "node:fs";
import { at } from "./paths.mjs";
import { Failure } from "./step.mjs";

const systems = {
  "@cloudflare/workerd-darwin-64": { cpu: ["x64"], os: ["darwin"] },
  "@cloudflare/workerd-darwin-arm64": { cpu: ["arm64"], os: ["darwin"] },
  "@cloudflare/workerd-windows-64": { cpu: ["x64"], os: ["win32"] },
};

const read = () => JSON.parse(readFileSync(at("package-lock.json"), "utf8"));

/** The entries that are not there, by path. */
function missingEntries({ packages }) {
  const workerds = Object.entries(packages).filter(([path]) => path.endsWith("node_modules/workerd"));
  const entries = workerds.flatMap(([path, { version }]) =>
    Object.entries(systems).map(([name, system]) => [
      path.replace(/workerd$/, name),
      { version, ...system, dev: true, optional: true },
    ]),
  );
  return entries.filter(([path]) => !packages[path]);
}

export async function checkLockFile() {
  const paths = missingEntries(read()).map(([path]) => path);
  if (paths.length > 0) throw new Failure(`package-lock.json lacks ${paths.join(", ")}. Run: npm run format`);
}

export function completeLockFile() {
  const lock = read();
  const missing = missingEntries(lock);
  if (missing.length === 0) return;
  const entries = [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, "en"));
  writeFileSync(
    at("package-lock.json"),
    `${JSON.stringify({ ...lock, packages: Object.fromEntries(entries) }, null, 2)}\n`,
  );
}

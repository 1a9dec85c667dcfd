// A lock file must name its packages for every system, or `npm ci` refuses it. npm leaves out those that the registry at
// hand does not have; `npm run format` puts them back, and `npm run test:lint` looks whether it has to.

import { readFileSync, writeFileSync } from "node:fs";
import { at } from "./paths.mjs";
import { Failure } from "./step.mjs";

const workerd = {
  "@cloudflare/workerd-darwin-64": { cpu: ["x64"], os: ["darwin"] },
  "@cloudflare/workerd-darwin-arm64": { cpu: ["arm64"], os: ["darwin"] },
  "@cloudflare/workerd-windows-64": { cpu: ["x64"], os: ["win32"] },
};

const musl = { libc: ["musl"] };
const opencode = {
  "opencode-darwin-arm64": { cpu: ["arm64"], os: ["darwin"] },
  "opencode-darwin-x64": { cpu: ["x64"], os: ["darwin"] },
  "opencode-darwin-x64-baseline": { cpu: ["x64"], os: ["darwin"] },
  "opencode-linux-arm64": { cpu: ["arm64"], os: ["linux"] },
  "opencode-linux-arm64-musl": { cpu: ["arm64"], os: ["linux"], ...musl },
  "opencode-linux-x64-baseline-musl": { cpu: ["x64"], os: ["linux"], ...musl },
  "opencode-linux-x64-musl": { cpu: ["x64"], os: ["linux"], ...musl },
  "opencode-windows-arm64": { cpu: ["arm64"], os: ["win32"] },
  "opencode-windows-x64": { cpu: ["x64"], os: ["win32"] },
  "opencode-windows-x64-baseline": { cpu: ["x64"], os: ["win32"] },
};

/** Each lock file with the package in question, and what it has for other systems. */
const locks = [
  { file: "package-lock.json", name: "workerd", systems: workerd, kind: { dev: true, optional: true } },
  { file: "tests/bundlers/package-lock.json", name: "workerd", systems: workerd, kind: { dev: true, optional: true } },
  { file: "tests/interop/clients/package-lock.json", name: "opencode-ai", systems: opencode, kind: { optional: true } },
];

const read = (file) => JSON.parse(readFileSync(at(file), "utf8"));

/** The entries that are not there, by path. */
function missingEntries({ packages }, { name, systems, kind }) {
  const owners = Object.entries(packages).filter(([path]) => path.endsWith(`node_modules/${name}`));
  const entries = owners.flatMap(([path, { version }]) =>
    Object.entries(systems).map(([other, system]) => [
      path.slice(0, -name.length) + other,
      { version, ...system, ...kind },
    ]),
  );
  return entries.filter(([path]) => !packages[path]);
}

export async function checkLockFile() {
  for (const lock of locks) {
    const paths = missingEntries(read(lock.file), lock).map(([path]) => path);
    if (paths.length > 0) throw new Failure(`${lock.file} lacks ${paths.join(", ")}. Run: npm run format`);
  }
}

export function completeLockFile() {
  for (const known of locks) {
    const lock = read(known.file);
    const missing = missingEntries(lock, known);
    if (missing.length === 0) continue;
    const entries = [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, "en"));
    const packages = Object.fromEntries(entries);
    writeFileSync(at(known.file), `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
  }
}

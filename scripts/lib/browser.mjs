// The browser that the browser tests drive: Debian's chromium, installed when it is missing and that is possible.

import { existsSync } from "node:fs";
import { Failure, step } from "./step.mjs";

const CHROMIUM = "/usr/bin/chromium";

/** Makes sure that there is a browser, and says where: `CHROMIUM` in the environment, or Debian's. */
export async function ensureBrowser() {
  const wanted = process.env.CHROMIUM ?? CHROMIUM;
  if (existsSync(wanted)) return wanted;
  const mayInstall = !process.env.CHROMIUM && process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (!mayInstall) {
    throw new Failure(
      `The browser tests need Chromium, and ${wanted} is missing. Install it, or set CHROMIUM to its path.`,
    );
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await step("Reading Debian's package lists", "apt-get", ["update", "-q"], { env });
  const options = ["install", "-q", "-y", "--no-install-recommends"];
  await step("Installing chromium (about 1 minute)", "apt-get", [...options, "chromium"], { env });
  return CHROMIUM;
}

#!/usr/bin/env node
/** `npm create mcp-wicket`: the program of the package create-mcp-wicket. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { CREATE_USAGE, create } from "./create.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const args = process.argv.slice(2);
try {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`Usage:\n  npm create mcp-wicket@latest ${CREATE_USAGE}`);
  } else {
    await create(args, version);
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

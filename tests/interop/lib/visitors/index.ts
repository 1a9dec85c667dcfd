/** Everybody who visits. */
import type { Visitor } from "../visits.ts";
import { codex } from "./codex.ts";
import { inspector, mcporter } from "./commands.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";
import { pageVisitors } from "./pages.ts";
import { pythonVisitors } from "./python.ts";
import { sdkVisitors } from "./sdk.ts";

export const visitors: Visitor[] = [
  ...sdkVisitors,
  ...pythonVisitors,
  inspector,
  mcporter,
  ...pageVisitors,
  codex,
  gemini,
  opencode,
];

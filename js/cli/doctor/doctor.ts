/** `mcp-wicket doctor`: looks at a folder or a URL, and says what is wrong, why, and how to fix it. */
import { visible, visibleJson } from "../visible.js";
import type { Finding } from "./findings.js";
import { type Inspected, inspectFolder } from "./folder.js";
import { inspectServer } from "./server.js";

/** 0: nothing was found; 1: something was; 2: it could not look. */
export type ExitCode = 0 | 1 | 2;

export interface Report {
  exitCode: ExitCode;
  /** For the standard output. */
  text: string;
  /** For people, if it could not look. */
  error?: string;
}

/** `target` is a folder, by default the current one, or the URL of an MCP endpoint. */
export async function doctor(target = ".", asJson = false): Promise<Report> {
  let inspected: Inspected;
  try {
    inspected = /^https?:\/\//i.test(target) ? await inspectServer(target) : inspectFolder(target);
  } catch (error) {
    const message = visible((error as Error).message);
    return {
      exitCode: 2,
      text: asJson ? visibleJson({ target, error: message }) : "",
      error: message,
    };
  }
  const { findings } = inspected;
  const text = asJson ? visibleJson({ target, ...inspected }) : written(target, inspected);
  return { exitCode: findings.length > 0 ? 1 : 0, text };
}

function written(target: string, { looked, steps = [], findings }: Inspected): string {
  const count = findings.length === 1 ? "1 finding" : `${String(findings.length)} findings`;
  const verdict = findings.length === 0 ? "Nothing found" : count;
  const walk = steps
    .map(({ clients, request, response }) => `${visible(request)}\n    ${clients}: ${visible(response)}`)
    .join("\n");
  const parts = [walk, ...findings.map(shown), `${visible(target)}: ${verdict}. Looked at: ${looked}.`];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function shown({ code, where, what, why, fix, document }: Finding): string {
  return `${visible(where)}  ${code}\n  ${visible(what)}\n  Why: ${why}\n  Fix: ${fix}\n  See: ${document}`;
}

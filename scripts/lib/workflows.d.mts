import type { parseDocument } from "yaml";

export function checkWorkflows(): Promise<void>;
export function faultsOf(parse: typeof parseDocument, text: string, scripts: Record<string, string>): string[];

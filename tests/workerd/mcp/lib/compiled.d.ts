/** What `tests/harness/schema/plugin.ts` makes. */
declare module "virtual:mcp-schema" {
  type Revision = import("../../../harness/schema/definitions.ts").Revision;
  interface Check {
    (value: unknown): boolean;
    errors?: { instancePath: string; message?: string }[] | null;
  }
  export const revisions: Record<Revision, Record<string, Check>>;
  export const lists: Record<
    Revision,
    {
      response: string;
      error: string;
      inputRequired: string | undefined;
      results: [string, string][];
      notifications: [string, string][];
      requests: [string, string][];
      errors: [number, string][];
    }
  >;
}

/**
 * The tools that every contestant registers, so that each runs the same bodies on the same schemas.
 * A contestant passes its own copy of zod and calls this once, at module scope.
 */
type Zod = typeof import("zod").z;

/** `add`: the schema's fields and the body. */
export function addTool(z: Zod) {
  return {
    name: "add",
    description: "Adds two numbers",
    fields: { a: z.number(), b: z.number() },
    run: async ({ a, b }: { a: number; b: number }) => ({
      content: [{ type: "text" as const, text: String(a + b) }],
    }),
  };
}

/** The same under three names. */
export function threeTools(z: Zod) {
  return ["add", "plus", "sum"].map((name) => ({ ...addTool(z), name }));
}

/** Fifty tools with a title, a description and three input fields each. */
export function fiftyTools(z: Zod) {
  return Array.from({ length: 50 }, (_, index) => ({
    name: `search_collection_${index}`,
    title: `Search collection ${index}`,
    description: `Finds the documents of collection ${index} that match a query, best match first`,
    fields: {
      query: z.string().describe("Words to look for"),
      limit: z.number().int().min(1).max(100).describe("How many documents to return"),
      archived: z.boolean().optional().describe("Whether archived documents count"),
    },
    run: async ({ query }: { query: string }) => ({ content: [{ type: "text" as const, text: query }] }),
  }));
}

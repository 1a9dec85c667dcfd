/** What `upstream.ts` tells the tests. */
import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    upstream: string;
  }
}

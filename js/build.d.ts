// What worker-build puts into `build/`: it writes no declarations of its own.
declare module "*/build/mcp/index.js" {
  import type { CoreClass } from "./wire.js";
  export const Core: CoreClass;
}
declare module "*/build/testing/index.js" {
  import type { TestingCoreClass } from "./wire.js";
  export const Core: TestingCoreClass;
}

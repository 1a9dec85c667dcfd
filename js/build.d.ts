// What worker-build puts into `build/`: it writes no declarations of its own.
declare module "*/build/mcp/index.js" {
  export const Core: import("./wire.js").CoreClass;
}
declare module "*/build/jwt/index.js" {
  export const Core: import("./wire.js").CoreClass;
}
declare module "*/build/oauth/index.js" {
  export const Core: import("./oauth/wire.js").OAuthCoreClass;
}

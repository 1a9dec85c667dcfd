/** Files of the reader's own project. */
declare module "*/index" {
  const worker: { fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> };
  export default worker;
}

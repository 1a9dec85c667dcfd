/** What `npm run dev` runs: the same Worker, with a stand-in for the provider. It is not deployed. */
import { developmentSignIn } from "mcp-wicket/development";
import worker from "./index.ts";

export * from "./index.ts";
export default developmentSignIn(worker);

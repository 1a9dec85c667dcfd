import { type Setting, UpstreamHandler, type UpstreamOptions } from "./upstream.js";

export interface GitHubOptions<Env> extends UpstreamOptions<Env> {
  /** Scopes of GitHub: `user:email`, `read:org`, `repo`, … By default `read:user`. */
  scopes?: string[];
  /** A GitHub Enterprise Server, such as `https://git.example.com`. */
  baseUrl?: Setting<Env>;
  /** Its API, where that is not at `/api/v3`. */
  apiUrl?: Setting<Env>;
}

/** People sign in with GitHub. The subject is the numeric account id. */
export class GitHubHandler<Env = Record<string, string>> extends UpstreamHandler<Env, GitHubOptions<Env>> {
  protected readonly kind = "github";
}

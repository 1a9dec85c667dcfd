import { namesOf } from "../../common/options.js";
import { type Setting, UPSTREAM, UpstreamHandler, type UpstreamOptions } from "./upstream.js";

export interface GitHubOptions<Env> extends UpstreamOptions<Env> {
  /** Scopes of GitHub: `user:email`, `read:org`, `repo`, … By default `read:user`. */
  scopes?: string[];
  /** A GitHub Enterprise Server, such as `https://git.example.com`. */
  baseUrl?: Setting<Env>;
  /** Its API, if that is not at `/api/v3`. */
  apiUrl?: Setting<Env>;
}

const GITHUB = namesOf<GitHubOptions<unknown>>("GitHubHandler", {
  ...UPSTREAM,
  baseUrl: true,
  apiUrl: true,
});

/** Sign-in with GitHub. The subject is the numeric account ID. */
export class GitHubHandler<Env = Record<string, string>> extends UpstreamHandler<Env, GitHubOptions<Env>> {
  protected readonly kind = "github";

  constructor(options: GitHubOptions<Env>) {
    super(GITHUB, options);
  }
}

/** Cloudflare Access in front of the Worker: its tokens have their own header and are signed with the team's keys. */
import { WicketError } from "../common/errors.js";
import { checkOptions, namesOf } from "../common/options.js";
import type { JWTVerifierOptions } from "./jwt-options.js";
import { JWTVerifier } from "./jwt-verifier.js";

export interface CloudflareAccessOptions extends Pick<JWTVerifierOptions, "claims" | "clockTolerance"> {
  /** The team's domain: `example.cloudflareaccess.com`, or only the team name. */
  team: string;
  /** The application's audience tag (64 hexadecimal digits), or several. */
  audience: string | readonly string[];
}

const ACCESS = namesOf<CloudflareAccessOptions>("cloudflareAccess", {
  team: true,
  audience: true,
  claims: true,
  clockTolerance: true,
});

/** Creates a verifier for an application behind Cloudflare Access. Throws `ERR_OPTIONS` for invalid options. */
export function cloudflareAccess(options: CloudflareAccessOptions): JWTVerifier {
  checkOptions(ACCESS, options);
  const { team, audience, ...others } = options;
  const domain = team.includes(".") ? team : `${team}.cloudflareaccess.com`;
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain)) {
    throw new WicketError(
      "ERR_OPTIONS",
      'cloudflareAccess: `team` must be the domain of your team, for example "example.cloudflareaccess.com".',
    );
  }
  return new JWTVerifier({
    ...others,
    audience,
    issuer: `https://${domain}`,
    jwksUri: `https://${domain}/cdn-cgi/access/certs`,
    algorithms: ["RS256"],
    header: "cf-access-jwt-assertion",
  });
}

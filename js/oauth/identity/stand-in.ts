/**
 * Where `mcp-wicket/development` puts its stand-in for the providers. Without that import, which a deployed Worker does not
 * have, there is none.
 */

/** Options of a handler that lead to the stand-in; undefined removes an option. */
export type StandInOptions = { clientId: string; clientSecret: string } & Record<string, string | undefined>;

/** The options for a handler of this kind in this environment, or undefined if people sign in at the provider. */
export type StandIn = (kind: string, env: unknown, options: Record<string, unknown>) => StandInOptions | undefined;

let provided: StandIn | undefined;

export function provideStandIn(standIn: StandIn): void {
  provided = standIn;
}

export const standInFor: StandIn = (kind, env, options) => provided?.(kind, env, options);

/** The members that published declarations omit (`@internal`), for tests that look inside. */
/* eslint-disable @typescript-eslint/no-unused-vars -- merged declarations repeat the names of type parameters */
import type { Registry } from "../../dist/mcp/server/registered.js";
import type { HandlerEffect } from "../../dist/oauth/identity/identity.js";
import type { UpstreamOptions } from "../../dist/oauth/identity/upstream.js";
import type { Outcome } from "../../dist/boundary/world.js";
import type { OnCall } from "../../dist/mcp/server/on-call.js";

declare module "../../dist/objects/wicket-object.js" {
  interface WicketObject {
    wicketAsk(name: string, call: string, input: string): Promise<string>;
    wicketClass(): string;
  }
}

declare module "../../dist/mcp/agent/agent.js" {
  interface McpAgent<Env, State, Props extends Record<string, unknown>> {
    wicketAsk(name: string, call: string, input: string): Promise<string>;
  }
}

declare module "../../dist/oauth/identity/upstream.js" {
  interface UpstreamHandler<Env, Options extends UpstreamOptions<Env>> {
    identity(environment: unknown): { kind: string } & Record<string, unknown>;
    perform(wanted: HandlerEffect): Promise<Outcome>;
  }
}

declare module "../../dist/mcp/server/mcp-server.js" {
  interface McpServer {
    hooks: readonly OnCall[] | undefined;
    readonly registry: Registry;
  }
}

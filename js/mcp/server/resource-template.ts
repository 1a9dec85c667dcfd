/** Resources whose URIs follow a template (RFC 6570). `src/mcp/uri_template.rs` decides which URIs match. */
import { WicketError } from "../../common/errors.js";
import { checkOptions, namesOf } from "../../common/options.js";
import type { ToolContext } from "./context.js";
import type { ListResourcesResult } from "./types.js";

/** Lists the resources of a template; they become part of the list of resources. */
export type ListResourcesCallback = (context: ToolContext) => ListResourcesResult | Promise<ListResourcesResult>;

/**
 * Returns the values of a variable that begin with `value`; `context.arguments` has the variables that are already known.
 */
export type CompleteResourceTemplateCallback = (
  value: string,
  context?: { arguments?: Record<string, string> },
) => string[] | Promise<string[]>;

export interface ResourceTemplateCallbacks {
  /** Required, even if `undefined`, so that it is not forgotten. */
  list: ListResourcesCallback | undefined;
  complete?: Record<string, CompleteResourceTemplateCallback>;
}

const CALLBACKS = namesOf<ResourceTemplateCallbacks>("ResourceTemplate", { list: true, complete: true });

/** A URI template, as its text. */
export class UriTemplate {
  readonly #template: string;

  constructor(template: string) {
    this.#template = template;
  }

  /** The names of its variables, in their order. */
  get variableNames(): string[] {
    const expressions = [...this.#template.matchAll(/\{[+#./;?&]?([^{}]*)\}/g)].map(([, names = ""]) => names);
    return expressions.flatMap((names) => names.split(",").map((name) => name.replace(/\*$|:\d+$/, "")));
  }

  toString(): string {
    return this.#template;
  }
}

/** The resources at all URIs that a template matches, for `registerResource`. */
export class ResourceTemplate {
  readonly uriTemplate: UriTemplate;
  readonly #callbacks: ResourceTemplateCallbacks;

  /** Throws `ERR_ARGUMENT` if `template` is not a URI template, or is longer than 1,024 bytes. */
  constructor(template: string | { toString(): string }, callbacks: ResourceTemplateCallbacks) {
    checkOptions(CALLBACKS, callbacks);
    const text = String(template);
    if (text.length > MAX_TEMPLATE || !TEMPLATE.test(text)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `"${text.slice(0, 100)}" is not a URI template (RFC 6570) of at most 1,024 bytes, such as "notes://{id}".`,
      );
    }
    this.uriTemplate = new UriTemplate(text);
    this.#callbacks = callbacks;
  }

  get listCallback(): ListResourcesCallback | undefined {
    return this.#callbacks.list;
  }

  completeCallback(variable: string): CompleteResourceTemplateCallback | undefined {
    const { complete } = this.#callbacks;
    return complete && Object.hasOwn(complete, variable) ? complete[variable] : undefined;
  }

  /** True if any variable can be completed. @internal */
  get completes(): boolean {
    return Object.keys(this.#callbacks.complete ?? {}).length > 0;
  }
}

const MAX_TEMPLATE = 1024;
const TEMPLATE = /^(?:[^{}]|\{[+#./;?&]?[\w.%]+(?:\*|:\d{1,4})?(?:,[\w.%]+(?:\*|:\d{1,4})?)*\})*$/;

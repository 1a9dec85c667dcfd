/** The resources that the conformance suite reads. */
import { type McpServer, ResourceTemplate } from "mcp-wicket";
import { PNG } from "./media.js";

/** Registers all of them. */
export function registerResources(server: McpServer): void {
  const text = (uri: URL, mimeType: string, content: string) => ({
    contents: [{ uri: uri.href, mimeType, text: content }],
  });
  server.registerResource(
    "static-text",
    "test://static-text",
    { description: "A text that never changes", mimeType: "text/plain" },
    (uri) => text(uri, "text/plain", "This is the content of the static text resource."),
  );
  server.registerResource(
    "static-binary",
    "test://static-binary",
    { description: "An image that never changes", mimeType: "image/png" },
    (uri) => ({ contents: [{ uri: uri.href, mimeType: "image/png", blob: PNG }] }),
  );
  server.registerResource(
    "watched-resource",
    "test://watched-resource",
    { description: "A text that can be subscribed to", mimeType: "text/plain" },
    (uri) => text(uri, "text/plain", "Watched resource content"),
  );
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description: "The data of an id", mimeType: "application/json" },
    (uri, { id }) => {
      const data = { id, templateTest: true, data: `Data for ID: ${String(id)}` };
      return text(uri, "application/json", JSON.stringify(data));
    },
  );
}

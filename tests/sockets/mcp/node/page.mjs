// A page's own code that shares types, schemas and errors with its server.
import { McpServer, ToolError } from "mcp-wicket";
import { OAuthProvider } from "mcp-wicket/oauth";

document.title = [McpServer, ToolError, OAuthProvider].map(({ name }) => name).join();

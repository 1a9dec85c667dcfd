import { McpAgent } from "mcp-wicket";

interface Env {}


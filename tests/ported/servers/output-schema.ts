import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import * as z from "zod/v4";

/** Structured results, held against an output schema. */
export function getServer(): McpServer {
  const server = new McpServer({ name: "weather-station", version: "1.0.0" });

  server.registerTool(
    "get_weather",
    {
      description: "The weather of a city",
      inputSchema: {
        city: z.string().describe("Its name"),
        country: z.string().length(2).describe("Its country's code"),
      },
      outputSchema: {
        temperature: z.object({ celsius: z.number(), fahrenheit: z.number() }),
        conditions: z.enum(["sunny", "cloudy", "rainy"]),
        humidity: z.number().min(0).max(100),
      },
    },
    async ({ city, country }) => {
      const celsius = (city + country).length;
      const structuredContent = {
        temperature: { celsius, fahrenheit: (celsius * 9) / 5 + 32 },
        conditions: celsius > 8 ? "sunny" : "rainy",
        humidity: 40,
      };
      return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );
  return server;
}

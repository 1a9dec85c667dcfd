/** The README of a new project. */
import type { Choices } from "./choices.js";
import { HANDLERS } from "./worker.js";

export function readme(choices: Choices, secrets: readonly string[]): string {
  const { name, pattern } = choices;
  const commands = [
    ["npm run dev", "runs the server on this computer: http://localhost:8787"],
    ["npm test", "tests it in workerd"],
    ["npm run check", "checks the types"],
    ["npm run types", "writes the types of the bindings in wrangler.jsonc"],
    ["npm run deploy", "deploys it"],
  ];
  return `# ${name}

An MCP server on Cloudflare Workers, made with [mcp-wicket](https://www.npmjs.com/package/mcp-wicket).

| command | |
|---|---|
${commands.map(([command = "", what = ""]) => `| \`${command}\` | ${what} |`).join("\n")}

The MCP endpoint is \`/mcp\`. Open the server in a browser to see how to connect each client. The tools are in \`src/index.ts\`.

${calling(choices)}
## Deploy

${secrets.length > 0 ? `Set each secret, then deploy:\n\n` : ""}\`\`\`sh
npx wrangler login
${secrets.map((secret) => `npx wrangler secret put ${secret}\n`).join("")}${pattern === "oauth" ? "openssl rand -base64 32 | npx wrangler secret put WICKET_SECRET\n" : ""}npm run deploy
\`\`\`

\`.github/workflows/deploy.yml\` tests each pull request, and deploys what is pushed to \`main\`. It needs the repository secrets
\`CLOUDFLARE_API_TOKEN\` and \`CLOUDFLARE_ACCOUNT_ID\`.
`;
}

function calling(choices: Choices): string {
  const curl = (header: string) => `\`\`\`sh
curl http://localhost:8787/mcp ${header && `\\\n  -H 'Authorization: Bearer ${header}' `}\\
  -H 'Content-Type: application/json' \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":40,"b":2}}}'
\`\`\`
`;
  switch (choices.pattern) {
    case "none":
      return `Everyone who can reach the server may call it:\n\n${curl("")}`;
    case "jwt":
      return `Callers need a token. \`npm run token\` makes one for this computer, for 15 minutes:\n\n${curl("TOKEN")}`;
    case "api-key":
      return `Callers need a key. The one for this computer is in \`.dev.vars\`; \`npx mcp-wicket keys --api NAME\` makes another:\n\n${curl("KEY")}`;
    case "oauth":
      return `## Sign-in

People sign in with ${HANDLERS[choices.provider].label}. With \`npm run dev\` a stand-in takes its place: choose a person with one click, without
an account. It is in \`src/development.ts\`, which is not deployed, and it only answers requests from this computer. To use the
real provider on this computer, put the client ID and secret into \`.dev.vars\`.

\`allow\` in \`src/index.ts\` says who may sign in. Replace \`ada@example.com\`, who exists in the development sign-in only.

At the provider, the redirect (callback) URL is \`https://${choices.name}.YOUR-SUBDOMAIN.workers.dev/callback\`.
`;
  }
}

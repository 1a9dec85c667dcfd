/** The hosts of clients that are known by the URL of their metadata: what the Worker under test fetches arrives here. */

/** A client's identifier. */
export const DOCUMENTED = "https://documented.example/client.json";

/** Answers a request to the outside. */
export function outbound(request: { url: string }): { status: number; body: string } {
  if (request.url !== DOCUMENTED) return { status: 404, body: "there is nothing here" };
  const document = {
    client_id: DOCUMENTED,
    client_name: "Documented",
    redirect_uris: ["https://client.example/cb"],
    token_endpoint_auth_method: "none",
  };
  return { status: 200, body: JSON.stringify(document) };
}

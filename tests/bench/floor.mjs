/**
 * The floor: the smallest Worker in plain JavaScript that does the same job and answers the same bytes.
 * It parses the request, does the work, and stringifies an answer of the shape that the contestant was seen to give.
 */

const id = "@request id";
const sum = "@sum";

/**
 * The source of the floor Worker for an answer.
 * @param {any} message the JSON-RPC answer to copy
 */
export function floorSource(message) {
  const isCall = Array.isArray(message.result.content);
  const shape = structuredClone(message);
  shape.id = id;
  if (isCall) shape.result.content[0].text = sum;
  const literal = JSON.stringify(shape)
    .replace(JSON.stringify(id), "body.id")
    .replace(JSON.stringify(sum), "String(a + b)");
  return `export default {
  async fetch(request) {
    const body = await request.json();
    ${isCall ? "const { a, b } = body.params.arguments;" : ""}
    const answer = ${literal};
    return new Response(JSON.stringify(answer), { headers: { "Content-Type": "application/json" } });
  },
};
`;
}

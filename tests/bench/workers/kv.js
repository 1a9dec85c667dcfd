/** Workers KV for the benchmark: what workerd's `kvNamespace` binding asks over HTTP, answered from memory. */
const entries = new Map();

export default {
  async fetch(request) {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    switch (request.method) {
      case "GET":
        return entries.has(key) ? new Response(entries.get(key)) : new Response(null, { status: 404 });
      case "PUT":
        entries.set(key, await request.arrayBuffer());
        return new Response(null, { status: 204 });
      case "DELETE":
        entries.delete(key);
        return new Response(null, { status: 204 });
      default:
        return new Response(null, { status: 405 });
    }
  },
};

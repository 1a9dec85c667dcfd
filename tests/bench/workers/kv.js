/** Workers KV for the benchmark: what workerd's `kvNamespace` binding asks over HTTP, answered from memory. */
const entries = new Map();

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const key = decodeURIComponent(pathname.slice(1));
    if (request.method === "GET" && key === "") {
      const names = [...entries.keys()].filter((name) => name.startsWith(searchParams.get("prefix") ?? ""));
      return Response.json({ keys: names.map((name) => ({ name })), list_complete: true });
    }
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

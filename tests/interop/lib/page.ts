/** `fetch` as a web page has it: what the server does not allow by CORS (Fetch standard §3.2) fails or stays hidden. */

/** Header names and media types that need no preflight. */
const SAFE = new Set(["accept", "accept-language", "content-language"]);
const SAFE_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
const ALWAYS_READABLE = new Set(["cache-control", "content-language", "content-length", "content-type", "expires"]);

const listOf = (value: string | null) =>
  (value ?? "")
    .toLowerCase()
    .split(",")
    .map((item) => item.trim());

/** The `fetch` of a page of `origin`. */
export function pageFetch(origin: string): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const unsafe = [...request.headers.keys()].filter((name) => {
      if (name === "content-type") return !SAFE_TYPES.includes(request.headers.get(name) ?? "");
      return !SAFE.has(name);
    });
    if (unsafe.length > 0 || !["GET", "HEAD", "POST"].includes(request.method)) {
      await preflight(request, origin, unsafe);
    }
    const headers = new Headers(request.headers);
    headers.set("origin", origin);
    const response = await fetch(new Request(request, { headers }));
    check(response, origin);
    const exposed = new Set(listOf(response.headers.get("access-control-expose-headers")));
    const readable = [...response.headers].filter(([name]) => ALWAYS_READABLE.has(name) || exposed.has(name));
    const { status, body } = response;
    return new Response(body, { status, headers: readable });
  };
}

async function preflight(request: Request, origin: string, unsafe: string[]): Promise<void> {
  const headers = {
    origin,
    "access-control-request-method": request.method,
    ...(unsafe.length > 0 && { "access-control-request-headers": unsafe.join(",") }),
  };
  const response = await fetch(request.url, { method: "OPTIONS", headers });
  check(response, origin);
  if (!response.ok) throw new TypeError(`preflight: ${response.status}`);
  const methods = ["get", "head", "post", ...listOf(response.headers.get("access-control-allow-methods"))];
  if (!methods.includes(request.method.toLowerCase())) throw new TypeError(`preflight: ${request.method}`);
  const allowed = listOf(response.headers.get("access-control-allow-headers"));
  const refused = unsafe.filter((name) => !allowed.includes(name));
  if (refused.length > 0) throw new TypeError(`preflight: ${refused.join()}`);
}

function check(response: Response, origin: string): void {
  if (response.headers.get("access-control-allow-origin") !== origin) throw new TypeError(`CORS: ${response.status}`);
}

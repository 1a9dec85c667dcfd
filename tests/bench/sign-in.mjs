/** Gets an access token from a contestant's authorization server, as a client and a person with a browser would. */
import { createHash, randomBytes } from "node:crypto";
import { Failure } from "../../scripts/lib/step.mjs";
import { modernCall } from "./requests.mjs";

const redirect_uri = "http://localhost:9999/callback";

/**
 * `tools/call` of `add` with a token of the server's own.
 * @param {string} url the endpoint
 * @returns {Promise<import("./load.mjs").FixedRequest>}
 */
export async function tokenCall(url) {
  const { origin } = new URL(url);
  const client_id = await register(origin);
  const code_verifier = randomBytes(32).toString("base64url");
  const code = await authorize(origin, client_id, code_verifier);
  const fields = { grant_type: "authorization_code", client_id, code, code_verifier, redirect_uri };
  const { access_token } = await (
    await fetch(`${origin}/token`, { method: "POST", body: new URLSearchParams(fields) })
  ).json();
  if (typeof access_token !== "string") throw new Failure(`${origin} gave no token`);
  return { ...modernCall, headers: { ...modernCall.headers, Authorization: `Bearer ${access_token}` } };
}

/** @returns {Promise<string>} */
async function register(/** @type {string} */ origin) {
  const metadata = { client_name: "bench", redirect_uris: [redirect_uri], token_endpoint_auth_method: "none" };
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${origin}/register`, { method: "POST", headers, body: JSON.stringify(metadata) });
  return (await answer.json()).client_id;
}

/** @returns {Promise<string>} */
async function authorize(
  /** @type {string} */ origin,
  /** @type {string} */ client_id,
  /** @type {string} */ verifier,
) {
  const query = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri,
    state: "bench",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const browser = new Browser();
  let answer = await browser.go(`${origin}/authorize?${query}`);
  if (answer.status === 200) {
    // A consent page: allow everything, and follow the page that leads on.
    const form = new URLSearchParams({ decision: "allow" });
    const page = await answer.text();
    for (const [, name, value] of page.matchAll(/name="(consent|scope)"(?: type="checkbox")? value="([^"]+)"/g)) {
      form.append(name ?? "", value ?? "");
    }
    if (!form.has("scope")) form.append("scope", "mcp");
    const leaving = await (await browser.go(`${origin}/authorize`, { method: "POST", body: form })).text();
    const next = /http-equiv="refresh" content="\d+;\s*url=([^"]+)"/i.exec(leaving)?.[1] ?? "";
    answer = await browser.go(next.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))));
  }
  const code = new URL(answer.headers.get("location") ?? origin).searchParams.get("code");
  if (!code) throw new Failure(`${origin} gave no code: ${answer.status} ${await answer.text()}`);
  return code;
}

/** Keeps cookies. */
class Browser {
  /** @type {Map<string, string>} */
  cookies = new Map();

  async go(/** @type {string} */ url, /** @type {RequestInit} */ init = {}) {
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(url, { ...init, redirect: "manual", headers: cookie ? { cookie } : {} });
    for (const set of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (set.split(";")[0] ?? "").split("=");
      this.cookies.set(name, value);
    }
    return answer;
  }
}

/** Published vectors: Wycheproof's for JOSE, with those of RFC 7520 among them. */
import { describe, expect, test, vi } from "vitest";
import { jws } from "../../probe/index.ts";
import cryptoVectors from "../../vectors/wycheproof/json_web_crypto_test.json";
import keyVectors from "../../vectors/wycheproof/json_web_key_test.json";
import signatureVectors from "../../vectors/wycheproof/json_web_signature_test.json";

interface Jwk {
  kty: string;
  alg?: string;
  kid?: string;
  use?: string;
  k?: string;
  [member: string]: unknown;
}
interface Group {
  comment: string;
  public?: Jwk | { keys: Jwk[] };
  private: Jwk | { keys: Jwk[] };
  tests: { tcId: number; comment: string; jws?: string | object; result: string }[];
}

const base = { issuer: "any", audience: "any" };
const bytesOf = (text: string) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (it) => it.charCodeAt(0));

/** The options that a group's keys come to: secrets as `secret`, everything else as `keys`. */
function optionsOf(group: Group): Parameters<typeof jws>[0] {
  const given = group.public ?? group.private;
  const keys = ("keys" in given ? given.keys : [given]) as Jwk[];
  const kids = new Set(keys.map(({ kid }) => kid));
  if (keys.every(({ kty }) => kty === "oct") && kids.size === keys.length) {
    const algorithms = [...new Set(keys.map(({ alg }) => String(alg)))];
    return { ...base, secret: keys.map(({ k = "" }) => bytesOf(k)), algorithms };
  }
  // RFC 7520's key for ES512 says `alg: ES521` here, which is no algorithm; as published it has no `alg`.
  if (group.comment.startsWith("rfc7520")) return { ...base, keys: keys.map(({ alg: _alg, ...key }) => key) };
  return { ...base, keys };
}

describe.each([
  ["signature", signatureVectors],
  ["key", keyVectors],
  ["crypto", cryptoVectors],
])("Wycheproof json_web_%s_test", (file, vectors) => {
  // JWE is nothing that is taken here. The group "base64" has a secret of zeros, which is refused: see tests/core/jwt.rs.
  const groups = (vectors.testGroups as unknown as Group[]).filter(
    ({ comment }) => !comment.startsWith("jwe") && comment !== "base64",
  );

  test("every invalid one is refused, every valid one is taken", async () => {
    const silent = vi.spyOn(console, "error").mockImplementation(() => {});
    const wrong: string[] = [];
    let counted = 0;
    for (const group of groups) {
      for (const { tcId, comment, jws: token, result } of group.tests) {
        if (typeof token !== "string") continue;
        counted++;
        // None is "acceptable" at present: one that appears has to be decided on.
        if (result !== "valid" && result !== "invalid") wrong.push(`${file} ${String(tcId)} is ${result}: decide`);
        const expected = result === "valid";
        const taken = (await jws(optionsOf(group), token)) !== undefined;
        if (taken !== expected) wrong.push(`${file} ${String(tcId)} ${group.comment}: ${comment} is ${result}`);
      }
    }
    silent.mockRestore();
    expect(wrong).toEqual([]);
    expect(counted).toBeGreaterThan(20);
  });
});

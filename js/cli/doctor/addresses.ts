/** Which hosts only this computer or its network can reach. */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Special-purpose addresses that are not global: RFC 6890, RFC 4193, RFC 4291. Names: RFC 6761, RFC 6762, RFC 8375. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv4");
  // The same addresses inside NAT64 (RFC 6052) and 6to4 (RFC 3056).
  const [a = 0, b = 0, c = 0, d = 0] = network.split(".").map(Number);
  const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  PRIVATE.addSubnet(`64:ff9b::${hex}`, 96 + prefix, "ipv6");
  PRIVATE.addSubnet(`2002:${hex}::`, 16 + prefix, "ipv6");
}
for (const [network, prefix] of [
  ["::", 127],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const)
  PRIVATE.addSubnet(network, prefix, "ipv6");

/** Whether a host name, as in a URL, is one of a private network or of this computer: by itself, without asking for its address. */
export function isPrivate(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (isIP(name) !== 0) return isPrivateAddress(name);
  return !name.includes(".") || /\.(?:localhost|local|internal|home\.arpa|home|corp|intranet|lan)$/i.test(name);
}

/** The addresses of a host. */
type Resolve = (hostname: string, options: { all: true }) => Promise<{ address: string }[]>;

/** The same, also of a name whose address is private, as `resolve` says. A name without an address is not. */
export async function isPrivateHost(hostname: string, resolve: Resolve = lookup): Promise<boolean> {
  if (isPrivate(hostname)) return true;
  const addresses = await resolve(hostname, { all: true }).catch(() => []);
  return addresses.some(({ address }) => isPrivateAddress(address));
}

function isPrivateAddress(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

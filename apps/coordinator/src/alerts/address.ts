/**
 * Where a webhook may go. An admin's browser names the address and the coordinator stands inside a hospital or a cloud: without
 * bounds it could be made to speak to the machines beside it (SSRF). The name is resolved once, every address is judged, and the
 * connection is made to the address that was judged, so that a second answer of the resolver (DNS rebinding) changes nothing.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { EngraftError } from "@engraft/core/base/errors";

export type Resolve = (host: string) => Promise<readonly { readonly address: string }[]>;

export const resolveByDns: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/** Of IPv4 (IANA's special-purpose registry): this network, private, shared, loopback, link-local with the metadata service, tests, multicast, reserved. */
const INNER_V4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;
/** Inside global unicast, but holding an IPv4 address or for documents: Teredo and its neighbours, examples, 6to4. */
const INNER_V6 = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

const innerV4 = new BlockList();
for (const [net, bits] of INNER_V4) innerV4.addSubnet(net, bits, "ipv4");
const globalV6 = new BlockList();
globalV6.addSubnet("2000::", 3, "ipv6");
const innerV6 = new BlockList();
for (const [net, bits] of INNER_V6) innerV6.addSubnet(net, bits, "ipv6");
const linkLocal = new BlockList();
linkLocal.addSubnet("169.254.0.0", 16, "ipv4");
linkLocal.addSubnet("fe80::", 10, "ipv6");
linkLocal.addAddress("fd00:ec2::254", "ipv6");
linkLocal.addAddress("100.100.100.200", "ipv4");

const kindOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 4 ? "ipv4" : "ipv6");

/** Of the internet at large. IPv4 inside IPv6 (::ffff:...) is outside global unicast, so it is not. */
export const isPublic = (address: string): boolean =>
  isIP(address) === 4
    ? !innerV4.check(address, "ipv4")
    : isIP(address) === 6 && globalV6.check(address, "ipv6") && !innerV6.check(address, "ipv6");

/** Never, not even where the host is allowed by name: a cloud's metadata service hands out credentials. IPv4 written as IPv6 counts as what it is. */
const isMetadata = (address: string): boolean => linkLocal.check(address, kindOf(address));

export interface Target {
  readonly url: URL;
  /** The address that was judged, or the proxy that looks the name up. */
  readonly way: Address | { readonly proxy: URL };
}

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface Bounds {
  /** Hosts, or hosts with ports, that the coordinator's settings name. */
  readonly allow: readonly string[];
  readonly resolve: Resolve;
  /** What hosts that `allow` does not name are reached through. Throws `bad-config`. */
  readonly proxyFor: (url: string) => URL | undefined;
}

const refused = (text: string): EngraftError => new EngraftError("not-allowed", text);

/**
 * Behind a proxy a name may be unknown here: the proxy then decides where it leads. What can be resolved here is judged all the same.
 * Throws `bad-input` and `not-allowed`.
 */
export async function judgedTarget(text: string, { allow, resolve, proxyFor }: Bounds): Promise<Target> {
  const url = webhookUrl(text, allow);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const named = isAllowed(url, allow);
  const proxy = named ? undefined : proxyFor(url.href);
  const found =
    isIP(host) === 0
      ? await resolve(host).then(
          (addresses) => addresses.map(({ address }) => ({ address: address.replace(/%.*$/, "") })),
          () => {
            if (proxy !== undefined) return [];
            throw new EngraftError("bad-input", `The name ${host} cannot be resolved. Check the address.`);
          },
        )
      : [{ address: host }];
  if (found.some(({ address }) => isMetadata(address)))
    throw refused("This address is link-local or a metadata service. No webhook goes there.");
  if (!named && found.some(({ address }) => !isPublic(address)))
    throw refused(
      `${host} is an address inside a network. Where alerts shall go there, add it to webhook-allow in the coordinator's settings.`,
    );
  if (proxy !== undefined) return { url, way: { proxy } };
  const [first] = found;
  if (first === undefined) throw new EngraftError("bad-input", `The name ${host} has no address. Check it.`);
  return { url, way: { address: first.address, family: isIP(first.address) === 6 ? 6 : 4 } };
}

const isAllowed = ({ host, hostname }: URL, allow: readonly string[]): boolean => allow.includes(host) || allow.includes(hostname);

/** The form alone, without asking a resolver. The URL parser writes decimal, octal and hexadecimal IPv4 out, so that they are judged as what they are. */
export function webhookUrl(text: string, allow: readonly string[]): URL {
  if (!URL.canParse(text))
    throw new EngraftError("bad-input", "Enter a whole address, for example https://alerts.hospital.example/engraft.");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "")
    throw new EngraftError("bad-input", "Leave the password out of the address: bodies are signed with the webhook's secret instead.");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isAllowed(url, allow)))
    throw refused("A webhook goes by https. For http inside a hospital add its host to webhook-allow in the coordinator's settings.");
  return url;
}

/** Certificates of a throw-away authority, for tests of TLS: X.509 (RFC 5280) in DER by hand, ECDSA P-256 with SHA-256. */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.byteLength;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const bits = (bytes: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), bytes);
/** Its bytes as RFC 5280 and its companions give them. */
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, "hex"));

const COMMON_NAME = oid("550403");
const BASIC_CONSTRAINTS = oid("551d13");
const SUBJECT_ALT_NAME = oid("551d11");
const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));

const name = (text: string): Buffer => sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(text)))));
const time = (at: Date): Buffer => tlv(0x17, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, "").slice(2, 14)}Z`));
const extension = (id: Buffer, value: Buffer): Buffer => sequence(id, tlv(0x04, value));

interface Signer {
  readonly name: string;
  readonly key: KeyObject;
}

interface Wanted {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly by: Signer;
  readonly from: Date;
  readonly to: Date;
  readonly extensions: Buffer;
}

function certificate({ subject, publicKey, by, from, to, extensions }: Wanted): string {
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    name(by.name),
    sequence(time(from), time(to)),
    name(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(extensions)),
  );
  const der = sequence(toBeSigned, ECDSA_SHA256, bits(sign("sha256", toBeSigned, by.key)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const DAY_MS = 86_400_000;

export interface Authority {
  /** PEM, for --ca. */
  readonly certificate: string;
  /** A server's certificate for a DNS name, valid from yesterday until `days` from now. */
  server(host: string, days?: number): { readonly cert: string; readonly key: string };
}

export function makeAuthority(title: string): Authority {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const by = { name: title, key: own.privateKey };
  const now = Date.now();
  const isAuthority = extension(BASIC_CONSTRAINTS, sequence(tlv(0x01, Buffer.from([0xff]))));
  return {
    certificate: certificate({
      subject: title,
      publicKey: own.publicKey,
      by,
      from: new Date(now - 400 * DAY_MS),
      to: new Date(now + 400 * DAY_MS),
      extensions: isAuthority,
    }),
    server: (host, days = 90) => {
      const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
      return {
        cert: certificate({
          subject: host,
          publicKey: keys.publicKey,
          by,
          from: new Date(now - 30 * DAY_MS),
          to: new Date(now + days * DAY_MS),
          extensions: extension(SUBJECT_ALT_NAME, sequence(tlv(0x82, Buffer.from(host)))),
        }),
        key: String(keys.privateKey.export({ type: "pkcs8", format: "pem" })),
      };
    },
  };
}

/** What a TLS handshake says about a server, its certificate and whoever stands between. */
import type { DetailedPeerCertificate } from "node:tls";
import { codeOf, issuerName, UNTRUSTED, type Handshake } from "./connect.ts";
import { ok, problem, warning, type Finding } from "./doctor.ts";

/** `shake` as `secure` of connect.ts does it. */
export async function handshakeFinding(host: string, shake: () => Promise<Handshake>): Promise<Finding> {
  const shaken = await shake().catch((error: unknown) => ({ error }));
  return "error" in shaken ? noHandshakeFinding(host, shaken.error) : certificateFinding(host, shaken);
}

function noHandshakeFinding(host: string, error: unknown): Finding {
  const code = codeOf(error) ?? "no reason given";
  if (code === "ERR_SSL_UNSUPPORTED_PROTOCOL" || code === "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION")
    return problem(
      "tls-old",
      `${host} speaks no TLS from 1.2 on.`,
      "Ask the admin, or whoever runs a proxy between, to switch on TLS 1.2 or 1.3.",
    );
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG")
    return problem(
      "not-tls",
      `What answers at ${host} does not speak TLS.`,
      "Compare the address with the invite: http: or https:, and the port.",
    );
  return problem(
    "tls-broken",
    `The TLS handshake with ${host} breaks off (${code}).`,
    "A firewall or proxy may cut it: ask whoever runs this network to let TLS through to this host.",
  );
}

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

function certificateFinding(host: string, { protocol, fault, certificate }: Handshake): Finding {
  if (fault !== undefined && UNTRUSTED.has(fault)) {
    const issuer = outermostIssuer(certificate);
    return problem(
      "certificate-unknown-issuer",
      `The certificate of ${host} was issued by ${issuer === undefined ? "an authority" : `"${issuer}"`}, which this machine does not trust.`,
      "Where that is your hospital's own authority, because a proxy looks into TLS, get its certificate as a PEM file and name it with --ca FILE or NODE_EXTRA_CA_CERTS. Where it is not, ask the admin before you go on.",
    );
  }
  const until = Date.parse(certificate.valid_to);
  if (fault === "CERT_HAS_EXPIRED" || fault === "CERT_NOT_YET_VALID")
    return problem(
      "certificate-expired",
      `The certificate of ${host} holds from ${certificate.valid_from} to ${certificate.valid_to}, not now.`,
      "Check this machine's clock, and tell the coordinator's admin.",
    );
  if (fault === "ERR_TLS_CERT_ALTNAME_INVALID")
    return problem(
      "certificate-other-name",
      `The certificate of ${host} is for another name.`,
      "Compare the address with the invite, and tell the coordinator's admin.",
    );
  if (fault !== undefined)
    return problem("certificate-refused", `The certificate of ${host} is not accepted (${fault}).`, "Tell the coordinator's admin.");
  const days = Math.floor((until - Date.now()) / DAY_MS);
  if (days < SOON_DAYS)
    return warning("certificate-expires-soon", `The certificate of ${host} expires in ${days} day(s).`, "Tell the coordinator's admin.");
  return ok(`${protocol}, certificate trusted for ${days} more days`);
}

/** Who signed the outermost certificate that was sent: what a file for --ca must hold. */
function outermostIssuer(certificate: DetailedPeerCertificate): string | undefined {
  let outer = certificate;
  // A self-signed root names itself.
  for (let depth = 0; depth < 10 && isChained(outer.issuerCertificate) && outer.issuerCertificate !== outer; depth++)
    outer = outer.issuerCertificate;
  return issuerName(outer);
}

const isChained = (issuer: DetailedPeerCertificate | undefined): issuer is DetailedPeerCertificate => issuer?.issuer !== undefined;

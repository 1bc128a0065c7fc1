/** Bare connections and what went wrong with them, for looking at each step of a way by itself. Nothing is sent over them. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type DetailedPeerCertificate, type PeerCertificate } from "node:tls";

/** For each step. */
export const PATIENCE_MS = 10_000;

export const noAnswer = (): Error => Object.assign(new Error("No answer in time"), { code: "ETIMEDOUT" });

/** A TCP connection. Rejects with node's error, `ETIMEDOUT` after 10 s. */
export function connectTo(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    socket.once("connect", () => {
      socket.setTimeout(0);
      // From here on whoever uses it listens; until then a reset must not end the process.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    socket.once("timeout", () => socket.destroy(noAnswer()));
    socket.once("error", reject);
  });
}

/** Node's or OpenSSL's code of an error, also where several addresses were tried. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return "errors" in error && Array.isArray(error.errors) ? codeOf(error.errors[0]) : undefined;
}

/** Codes of certificates whose issuer is not trusted here. */
export const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_GET_ISSUER_CERT",
]);

export function issuerName(certificate: Pick<PeerCertificate, "issuer">): string | undefined {
  const { CN, O } = certificate.issuer ?? {};
  const name = CN ?? O;
  return typeof name === "string" ? name.replaceAll(/[^\w .,:@'()/-]/g, "").slice(0, 100) : undefined;
}

export interface Handshake {
  /** For example TLSv1.3. */
  readonly protocol: string;
  /** Why the certificate is not accepted, by OpenSSL's or node's code; undefined where it is. */
  readonly fault: string | undefined;
  readonly certificate: DetailedPeerCertificate;
}

/** A TLS handshake that looks at the certificate whatever it is; the connection is closed. Rejects with node's error. */
export function secure(socket: Socket, host: string, ca: readonly string[] | undefined): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      host,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
    const timer = setTimeout(() => tls.destroy(noAnswer()), PATIENCE_MS);
    const done = (): void => {
      clearTimeout(timer);
      tls.destroy();
      socket.destroy();
    };
    tls.once("secureConnect", () => {
      const { authorized, authorizationError } = tls;
      const fault = authorized ? undefined : String((authorizationError as NodeJS.ErrnoException).code ?? authorizationError);
      const shaken = { protocol: tls.getProtocol() ?? "TLS", fault, certificate: tls.getPeerCertificate(true) };
      done();
      resolve(shaken);
    });
    tls.once("error", (error) => {
      done();
      reject(error);
    });
    tls.once("close", () => {
      done();
      reject(Object.assign(new Error("The connection was closed"), { code: "ECONNRESET" }));
    });
  });
}

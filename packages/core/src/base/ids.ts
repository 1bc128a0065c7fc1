/** Branded identifiers: strings that the compiler keeps apart. */
import * as z from "zod";

/** SHA-256 of exact bytes, 64 lower-case hex digits. */
export const Digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hex digits")
  .brand<"Digest">();
export type Digest = z.infer<typeof Digest>;

/** A site's short name: what people type and see in tables. Unique in a federation, never reused. */
export const SiteName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/, "use 2 to 40 of a-z, 0-9 and '-', starting and ending with a letter or digit")
  .brand<"SiteName">();
export type SiteName = z.infer<typeof SiteName>;

/** A run: plan name, a dot, and the run's number, for example `heart-head.3`. */
export const RunId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]\.[1-9][0-9]{0,5}$/)
  .brand<"RunId">();
export type RunId = z.infer<typeof RunId>;

/** Ed25519 public key, base64url, 32 bytes. */
export const PublicKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .brand<"PublicKey">();
export type PublicKey = z.infer<typeof PublicKey>;

/** Milliseconds since 1970, integer. */
export const Instant = z.int().min(0).max(8_640_000_000_000_000);
export type Instant = z.infer<typeof Instant>;

/** Byte order, the only order of sites (JavaScript's default compares UTF-16 units). */
export const bySite = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

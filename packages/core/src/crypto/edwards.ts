/**
 * Which Ed25519 keys may be enrolled. OpenSSL takes keys of small order, under which one signature fits every message,
 * and keys with several encodings, so a new key's point is checked here: canonical, and of the large prime order. Plain
 * BigInt arithmetic after RFC 8032, section 5.1; the key is public, so its time may vary.
 */
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

const mod = (value: bigint): bigint => ((value % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), rest = exponent; rest > 0n; rest >>= 1n, square = mod(square * square)) {
    if ((rest & 1n) === 1n) result = mod(result * square);
  }
  return result;
}

const D = mod(-121_665n * power(121_666n, P - 2n));
const ROOT_OF_MINUS_1 = power(2n, (P - 1n) / 4n);

/** Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. */
interface Point {
  readonly X: bigint;
  readonly Y: bigint;
  readonly Z: bigint;
  readonly T: bigint;
}

const ZERO: Point = { X: 0n, Y: 1n, Z: 1n, T: 0n };

function add(p: Point, q: Point): Point {
  const a = mod((p.Y - p.X) * (q.Y - q.X));
  const b = mod((p.Y + p.X) * (q.Y + q.X));
  const c = mod(2n * D * p.T * q.T);
  const d = mod(2n * p.Z * q.Z);
  return { X: mod((b - a) * (d - c)), Y: mod((d + c) * (b + a)), Z: mod((d - c) * (d + c)), T: mod((b - a) * (b + a)) };
}

/** The point of a canonical encoding; undefined for any other bytes. */
function decompress(key: Uint8Array): Point | undefined {
  const whole = key.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const y = whole & (2n ** 255n - 1n);
  if (y >= P) return undefined;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT_OF_MINUS_1);
  if (mod(v * x * x) !== u) return undefined;
  const sign = whole >> 255n;
  if (x === 0n && sign === 1n) return undefined;
  if ((x & 1n) !== sign) x = P - x;
  return { X: x, Y: y, Z: 1n, T: mod(x * y) };
}

/** True for 32 bytes that are the canonical encoding of a point of prime order. About 5 ms. */
export function isIdentityKey(key: Uint8Array): boolean {
  const point = key.length === 32 ? decompress(key) : undefined;
  if (point === undefined || (point.X === 0n && point.Y === 1n)) return false;
  let result = ZERO;
  for (let double = point, rest = L; rest > 0n; rest >>= 1n, double = add(double, double)) {
    if ((rest & 1n) === 1n) result = add(result, double);
  }
  return result.X === 0n && result.Y === result.Z;
}

/** A token bucket: `perSecond` on average, `burst` at once. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one; false where there is none. `now` in milliseconds. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** True where nothing has been taken for so long that the bucket need not be remembered. */
  full(now: number): boolean {
    return this.#tokens + ((now - this.#at) / 1000) * this.#perSecond >= this.#burst;
  }
}

/** One bucket for each key, for example an address; full buckets are forgotten. */
export class RateLimits {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, RateLimit>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  take(key: string, now: number): boolean {
    if (this.#buckets.size > 10_000) for (const [old, bucket] of this.#buckets) if (bucket.full(now)) this.#buckets.delete(old);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new RateLimit(this.#perSecond, this.#burst, now);
      this.#buckets.set(key, bucket);
    }
    return bucket.take(now);
  }
}

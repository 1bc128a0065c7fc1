/** Lists of numbers that grow, without a JavaScript object for each number. */

type Numbers = Float64Array | Uint32Array | Uint8Array;

export class Growing<T extends Numbers> {
  #values: T;
  #length = 0;

  /** `like`: an empty array of the wanted kind. */
  constructor(like: T) {
    this.#values = like;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const Kind = this.#values.constructor as new (length: number) => T;
      const larger = new Kind(Math.max(1024, Math.ceil(1.5 * this.#length)));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** What has been pushed; no copy. */
  view(): T {
    return this.#values.subarray(0, this.#length) as T;
  }

  /** Keeps these positions, which rise. */
  retain(positions: readonly number[]): void {
    positions.forEach((from, to) => (this.#values[to] = this.#values[from] as number));
    this.#length = positions.length;
  }
}

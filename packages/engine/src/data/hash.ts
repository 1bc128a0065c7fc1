/** Keys of 64 bits, and a table of them in typed arrays: millions of ids or rows without keeping their texts. */

/** Two independent hashes of 32 bits (multiply and rotate, as in MurmurHash3). Not for anything that must be hard to forge. */
export class Hash64 {
  high = 0;
  low = 0;

  start(): this {
    this.high = 0x9e3779b1;
    this.low = 0x85ebca77;
    return this;
  }

  word(word: number): this {
    this.high = Math.imul(this.high ^ word, 0xcc9e2d51);
    this.high = (this.high << 13) | (this.high >>> 19);
    this.low = Math.imul(this.low ^ word, 0x1b873593);
    this.low = ((this.low << 17) | (this.low >>> 15)) + 0x52dce729;
    return this;
  }

  text(text: string): this {
    this.word(text.length);
    for (let at = 0; at < text.length; at++) this.word(text.charCodeAt(at));
    return this;
  }

  number(value: number): this {
    NUMBER[0] = value;
    return this.word(WORDS[0] as number).word(WORDS[1] as number);
  }

  /** Mixes what has come in, so that keys of similar contents lie far apart. */
  end(): this {
    const [high, low] = [this.high, this.low];
    this.high = mixed(high ^ Math.imul(low, 0xc2b2ae35));
    this.low = mixed(low ^ Math.imul(high, 0x27d4eb2f));
    return this;
  }
}

const NUMBER = new Float64Array(1);
const WORDS = new Int32Array(NUMBER.buffer);

function mixed(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** From keys to numbers. Two keys that are equal in all 64 bits are taken for one: among 10 million that is one chance in 400,000. */
export class HashTable {
  #keys = new Uint32Array(2 * 1024);
  #values = new Uint32Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number under a key; where there is none, `value` is put there and undefined given. */
  findOrAdd({ high, low }: Hash64, value: number): number | undefined {
    if (4 * this.#size >= 3 * this.#values.length) this.#grow();
    const slot = this.#slot(high, low);
    const found = this.#values[slot] as number;
    if (found !== 0) return found - 1;
    this.#put(slot, high, low, value + 1);
    this.#size++;
    return undefined;
  }

  find({ high, low }: Hash64): number | undefined {
    const found = this.#values[this.#slot(high, low)] as number;
    return found === 0 ? undefined : found - 1;
  }

  /** The slot of a key, or the empty one where it belongs. A value of 0 means empty. */
  #slot(high: number, low: number): number {
    const last = this.#values.length - 1;
    let slot = low & last;
    while (this.#values[slot] !== 0 && (this.#keys[2 * slot] !== high >>> 0 || this.#keys[2 * slot + 1] !== low >>> 0))
      slot = (slot + 1) & last;
    return slot;
  }

  #put(slot: number, high: number, low: number, value: number): void {
    this.#keys[2 * slot] = high;
    this.#keys[2 * slot + 1] = low;
    this.#values[slot] = value;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Uint32Array(2 * keys.length);
    this.#values = new Uint32Array(2 * values.length);
    for (let old = 0; old < values.length; old++) {
      if (values[old] === 0) continue;
      const [high, low] = [keys[2 * old] as number, keys[2 * old + 1] as number];
      this.#put(this.#slot(high, low), high, low, values[old] as number);
    }
  }
}

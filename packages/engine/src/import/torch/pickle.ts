/**
 * Reads the pickle of a PyTorch state dict without ever running it: a machine that knows only the opcodes of dictionaries, tuples,
 * numbers and texts, and only the names of tensors and their storages. Everything else is refused by its name (Python's
 * pickletools documents the opcodes; torch.serialization what is inside).
 */
import { EngraftError } from "@engraft/core/base/errors";

/** A name that the pickle would have Python look up. */
class Global {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Where a tensor's numbers lie. `type` is for example "Float". */
export interface Storage {
  readonly type: string;
  readonly key: string;
  readonly length: number;
}

export class PickledTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

export type Pickled = null | boolean | number | string | PickledTensor | Global | readonly Pickled[] | Map<Pickled, Pickled>;

const MARK = Symbol("mark");
type OnStack = Pickled | typeof MARK;

const STORAGES = /^torch (Float|Half|Double|Long|Int|Short|Char|Byte|Bool|BFloat16)Storage$/;
const KNOWN = new Set(["collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"]);

const MAX_STEPS = 10_000_000;

const no = (what: string): EngraftError =>
  new EngraftError(
    "bad-input",
    `The PyTorch file cannot be read: ${what}. Save the model's state dict alone: torch.save(model.state_dict(), "weights.pth").`,
  );

/** One pickle from `at` on: its value, and where it ends. Throws `bad-input`; nothing of it is executed. */
export function readPickle(bytes: Uint8Array, at = 0): { readonly value: Pickled; readonly end: number } {
  const machine = new Machine(bytes, at);
  try {
    return machine.run();
  } catch (error) {
    if (error instanceof RangeError) throw no("it is cut off");
    throw error;
  }
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #stack: OnStack[] = [];
  readonly #memo = new Map<number, OnStack>();

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  run(): { readonly value: Pickled; readonly end: number } {
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const opcode = this.#byte();
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#at };
      this.#perform(opcode);
    }
    throw no("it never ends");
  }

  #perform(opcode: number): void {
    const simple = this.#constant(opcode);
    if (simple !== undefined) return void this.#stack.push(simple);
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#byte() > 5) throw no("it is of a newer kind");
        return;
      case 0x95: // FRAME
        this.#at += 8;
        return;
      case 0x63: // GLOBAL
        return void this.#stack.push(this.#global(`${this.#line()} ${this.#line()}`));
      case 0x93: {
        // STACK_GLOBAL
        const name = this.#pop();
        return void this.#stack.push(this.#global(`${textOf(this.#pop())} ${textOf(name)}`));
      }
      case 0x71: // BINPUT
        return void this.#memo.set(this.#byte(), this.#top());
      case 0x72: // LONG_BINPUT
        return void this.#memo.set(this.#u32(), this.#top());
      case 0x94: // MEMOIZE
        return void this.#memo.set(this.#memo.size, this.#top());
      case 0x68: // BINGET
        return void this.#stack.push(this.#remembered(this.#byte()));
      case 0x6a: // LONG_BINGET
        return void this.#stack.push(this.#remembered(this.#u32()));
      case 0x85: // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87:
        return void this.#stack.push(this.#take(opcode - 0x84));
      case 0x74: // TUPLE
        return void this.#stack.push(this.#toMark());
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#toMark());
      case 0x73: // SETITEM
        return this.#set(this.#take(2));
      case 0x75: // SETITEMS
        return this.#set(this.#toMark());
      case 0x52: {
        // REDUCE
        const given = this.#pop();
        return void this.#stack.push(reduced(this.#pop(), given));
      }
      case 0x62: // BUILD: attributes of an ordered dictionary, which say nothing of tensors
        this.#pop();
        return;
      case 0x51: // BINPERSID
        return void this.#stack.push(storageOf(this.#pop()) as unknown as Pickled);
      default:
        throw no(`it holds the instruction 0x${opcode.toString(16)}, which no state dict needs`);
    }
  }

  /** Instructions that push a value of their own. */
  #constant(opcode: number): OnStack | undefined {
    switch (opcode) {
      case 0x28: // MARK
        return MARK;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return [];
      case 0x7d: // EMPTY_DICT
        return new Map();
      case 0x4e: // NONE
        return null;
      case 0x88: // NEWTRUE
        return true;
      case 0x89: // NEWFALSE
        return false;
      case 0x4b: // BININT1
        return this.#byte();
      case 0x4d: // BININT2
        this.#at += 2;
        return this.#view.getUint16(this.#at - 2, true);
      case 0x4a: // BININT
        this.#at += 4;
        return this.#view.getInt32(this.#at - 4, true);
      case 0x47: // BINFLOAT
        this.#at += 8;
        return this.#view.getFloat64(this.#at - 8, false);
      case 0x8a: // LONG1
        return this.#long(this.#byte());
      case 0x58: // BINUNICODE
        return this.#text(this.#u32());
      case 0x8c: // SHORT_BINUNICODE
        return this.#text(this.#byte());
      default:
        return undefined;
    }
  }

  #byte(): number {
    this.#at += 1;
    return this.#view.getUint8(this.#at - 1);
  }

  #u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  #long(length: number): number {
    let value = 0n;
    for (let index = 0; index < length; index++) value |= BigInt(this.#byte()) << BigInt(8 * index);
    const signed = length > 0 && value >> BigInt(8 * length - 1) === 1n ? value - (1n << BigInt(8 * length)) : value;
    return Number(signed);
  }

  #text(length: number): string {
    if (this.#at + length > this.#bytes.byteLength) throw new RangeError("text");
    this.#at += length;
    return new TextDecoder().decode(this.#bytes.subarray(this.#at - length, this.#at));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0 || end - this.#at > 200) throw no("a name in it does not end");
    const text = this.#text(end - this.#at);
    this.#at += 1;
    return text;
  }

  #global(name: string): Global {
    if (!KNOWN.has(name) && !STORAGES.test(name)) throw no(`it asks Python for "${name.slice(0, 80)}", and is not executed`);
    return new Global(name);
  }

  #top(): OnStack {
    const top = this.#stack.at(-1);
    if (top === undefined) throw no("its instructions do not fit together");
    return top;
  }

  #pop(): Pickled {
    const top = this.#stack.pop();
    if (top === undefined || top === MARK) throw no("its instructions do not fit together");
    return top;
  }

  #take(count: number): Pickled[] {
    return Array.from({ length: count }, () => this.#pop()).toReversed();
  }

  #toMark(): Pickled[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw no("its instructions do not fit together");
    return this.#stack.splice(mark).slice(1) as Pickled[];
  }

  #remembered(index: number): OnStack {
    const known = this.#memo.get(index);
    if (known === undefined) throw no("its instructions do not fit together");
    return known;
  }

  #append(values: readonly Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw no("its instructions do not fit together");
    for (const value of values) list.push(value);
  }

  #set(values: readonly Pickled[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) throw no("its instructions do not fit together");
    for (let at = 0; at + 1 < values.length; at += 2) map.set(values[at] as Pickled, values[at + 1] as Pickled);
  }
}

const textOf = (value: Pickled): string => {
  if (typeof value !== "string") throw no("a name in it is no text");
  return value;
};

const numbersOf = (value: Pickled | undefined): number[] => {
  if (!Array.isArray(value) || !value.every((one) => Number.isSafeInteger(one) && (one as number) >= 0))
    throw no("a tensor in it has no shape");
  return value as number[];
};

function storageOf(value: Pickled): Storage {
  const [kind, type, key, , length] = Array.isArray(value) ? (value as Pickled[]) : [];
  const found = type instanceof Global ? STORAGES.exec(type.name)?.[1] : undefined;
  if (kind !== "storage" || found === undefined || typeof key !== "string" || typeof length !== "number")
    throw no("a tensor in it lies nowhere");
  return { type: found, key, length };
}

/** What the few callables that are known would give. */
function reduced(callable: Pickled, given: Pickled): Pickled {
  const name = callable instanceof Global ? callable.name : "something that is no name";
  const values = Array.isArray(given) ? (given as Pickled[]) : [];
  if (name === "collections OrderedDict" && values.length === 0) return new Map();
  if (name === "torch._utils _rebuild_parameter") return values[0] ?? null;
  if (name !== "torch._utils _rebuild_tensor_v2") throw no(`it would have Python run ${name}`);
  const [storage, offset, shape, strides] = values;
  if (typeof storage !== "object" || storage === null || !("key" in storage) || typeof offset !== "number")
    throw no("a tensor in it lies nowhere");
  return new PickledTensor(storage as unknown as Storage, offset, numbersOf(shape), numbersOf(strides));
}

/**
 * A small SQL Server: as much of its protocol (MS-TDS 7.4) as a client needs that signs in, begins TLS inside the greeting, or before it as TDS 8.0
 * does, and sends batches. What a batch gives is the test's.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { createServer as createTlsServer, TLSSocket, createSecureContext } from "node:tls";

const [LOGIN7, PRELOGIN, BATCH, ATTENTION, RESPONSE] = [0x10, 0x12, 0x01, 0x06, 0x04];
const HEADER = 8;
const PACKET = 4000;

export type TdsType = "int" | "bigint" | "bit" | "float" | "decimal" | "nvarchar" | "date" | "datetime2";
export interface TdsColumn {
  readonly name: string;
  readonly type: TdsType;
}
/** `decimal` values as whole numbers of hundredths; dates as `Date`. */
export type TdsValue = number | bigint | string | boolean | Date | null;
export interface TdsResult {
  readonly columns: readonly TdsColumn[];
  readonly rows: Iterable<readonly TdsValue[]>;
}
/** `never`: it is still running when the client gives up. An error by its number, with a text. */
export type TdsAnswer = TdsResult | readonly TdsResult[] | { readonly error: number; readonly text: string } | "done" | "never";

export interface TdsOptions {
  readonly answer: (batch: string) => TdsAnswer;
  readonly tls?: { readonly cert: string; readonly key: string; readonly first?: boolean };
}

export interface TestTds {
  readonly port: number;
  /** Every batch, sign-in aside. */
  readonly batches: readonly string[];
  /** What a client has said of itself when it signed in: the whole packet as UTF-16, and whether it asks for a copy that only reads. */
  readonly logins: readonly { readonly text: string; readonly readOnly: boolean; readonly encrypted: boolean }[];
  /** Bytes of rows that were handed to the operating system. */
  readonly sent: () => number;
  /** Batches that a client has called off. */
  readonly calledOff: () => number;
  stop(): Promise<void>;
}

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const little = (value: bigint, bytes: number): Buffer =>
  Buffer.from(Array.from({ length: bytes }, (_, at) => Number((value >> BigInt(8 * at)) & 255n)));
const short = (text: string): Buffer => Buffer.concat([u8(text.length), utf16(text)]);
const long = (text: string): Buffer => Buffer.concat([u16(text.length), utf16(text)]);

const TYPES: Readonly<Record<TdsType, Buffer>> = {
  int: Buffer.from([0x26, 4]),
  bigint: Buffer.from([0x26, 8]),
  bit: Buffer.from([0x68, 1]),
  float: Buffer.from([0x6d, 8]),
  decimal: Buffer.from([0x6a, 9, 18, 2]),
  nvarchar: Buffer.concat([u8(0xe7), u16(8000), Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34])]),
  date: Buffer.from([0x28]),
  datetime2: Buffer.from([0x2a, 7]),
};
const DAY_MS = 86_400_000;
const daysSince1 = (date: Date): number => Math.floor(date.getTime() / DAY_MS) + 719_162;

function cell(type: TdsType, value: Exclude<TdsValue, null>): Buffer {
  switch (type) {
    case "int":
      return Buffer.concat([u8(4), u32(Number(value))]);
    case "bigint":
      return Buffer.concat([u8(8), little(value as bigint, 8)]);
    case "bit":
      return Buffer.from([1, value === true ? 1 : 0]);
    case "float": {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(Number(value));
      return Buffer.concat([u8(8), bytes]);
    }
    case "decimal": {
      const whole = value as bigint;
      return Buffer.concat([Buffer.from([9, whole < 0n ? 0 : 1]), little(whole < 0n ? -whole : whole, 8)]);
    }
    case "nvarchar":
      return Buffer.concat([u16(2 * String(value).length), utf16(String(value))]);
    case "date":
      return Buffer.concat([u8(3), little(BigInt(daysSince1(value as Date)), 3)]);
    case "datetime2": {
      const ticks = BigInt((value as Date).getTime() - Math.floor((value as Date).getTime() / DAY_MS) * DAY_MS) * 10_000n;
      return Buffer.concat([u8(8), little(ticks, 5), little(BigInt(daysSince1(value as Date)), 3)]);
    }
    default:
      return type satisfies never;
  }
}

/** With a null in it as NBCROW, which marks nulls by bits in front. */
function row(columns: readonly TdsColumn[], values: readonly TdsValue[]): Buffer {
  const cells = columns.flatMap(({ type }, at) => (values[at] === null ? [] : [cell(type, values[at] as Exclude<TdsValue, null>)]));
  if (cells.length === columns.length) return Buffer.concat([u8(0xd1), ...cells]);
  const nulls = Buffer.alloc(Math.ceil(columns.length / 8));
  for (const [at, value] of values.entries()) if (value === null) nulls[at >> 3] = (nulls[at >> 3] as number) | (1 << (at & 7));
  return Buffer.concat([u8(0xd2), nulls, ...cells]);
}

const metadata = (columns: readonly TdsColumn[]): Buffer =>
  Buffer.concat([u8(0x81), u16(columns.length), ...columns.flatMap(({ name, type }) => [u32(0), u16(1), TYPES[type], short(name)])]);
const done = (more: boolean, wrong = false): Buffer =>
  Buffer.concat([u8(0xfd), u16((more ? 1 : 0) | (wrong ? 2 : 0)), u16(0), Buffer.alloc(8)]);
const calledOffDone = Buffer.concat([u8(0xfd), u16(0x20), u16(0), Buffer.alloc(8)]);
function failed(error: number, text: string): Buffer {
  const body = Buffer.concat([u32(error), Buffer.from([1, 16]), long(text), short("tds"), short(""), u32(1)]);
  return Buffer.concat([u8(0xaa), u16(body.length), body]);
}
function signedIn(): Buffer {
  const body = Buffer.concat([u8(1), Buffer.from([0x74, 0, 0, 4]), short("Test"), Buffer.from([16, 0, 0, 0])]);
  return Buffer.concat([u8(0xad), u16(body.length), body, done(false)]);
}

/** Greets: what it says of TLS. */
const greeting = (encryption: number): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff]), Buffer.from([16, 0, 0, 0, 0, 0]), u8(encryption)]);

function packet(type: number, body: Buffer, last = true): Buffer {
  const head = Buffer.from([type, last ? 1 : 0, 0, 0, 0, 0, 1, 0]);
  head.writeUInt16BE(HEADER + body.length, 2);
  return Buffer.concat([head, body]);
}

/** TLS while the client still greets travels in packets of their own; then it is the line itself. */
function insideGreeting(socket: Duplex): Duplex {
  let wrapped = true;
  let heard = Buffer.alloc(0);
  const line = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, next) => {
      socket.write(wrapped ? packet(PRELOGIN, chunk) : chunk, () => next());
    },
  });
  socket.on("data", (chunk: Buffer) => {
    if (wrapped && heard.length === 0 && chunk[0] !== PRELOGIN) wrapped = false;
    if (!wrapped) return void line.push(chunk);
    heard = Buffer.concat([heard, chunk]);
    while (heard.length >= HEADER && heard.length >= heard.readUInt16BE(2)) {
      const length = heard.readUInt16BE(2);
      line.push(heard.subarray(HEADER, length));
      heard = heard.subarray(length);
    }
  });
  socket.on("close", () => line.destroy());
  return line;
}

const drained = (line: Duplex): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      line.off("drain", go).off("close", go);
      resolve();
    };
    line.on("drain", go).on("close", go);
  });

function* tokensOf(found: TdsAnswer): Generator<Buffer> {
  if (found === "done" || found === "never") return yield done(false);
  if ("error" in found) {
    yield failed(found.error, found.text);
    return yield done(false, true);
  }
  const results = Array.isArray(found) ? (found as readonly TdsResult[]) : [found as TdsResult];
  for (const [at, { columns, rows }] of results.entries()) {
    yield metadata(columns);
    for (const values of rows) yield row(columns, values);
    yield done(at + 1 < results.length);
  }
}

/** What the test sees of all lines together. */
interface Seen {
  readonly answer: TdsOptions["answer"];
  readonly batches: string[];
  readonly logins: { text: string; readOnly: boolean; encrypted: boolean }[];
  sent: number;
  calledOff: number;
}

/** A line: packets of one message are joined, and messages are answered in turn. */
class Talk {
  readonly #line: Duplex;
  readonly #seen: Seen;
  /** Begins TLS; undefined where there is none, or it has begun. */
  readonly #secure: ((line: Duplex) => void) | undefined;
  #heard = Buffer.alloc(0);
  #message: Buffer[] = [];
  /** How often it was called off, and what is being sent. */
  #offs = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(line: Duplex, seen: Seen, secure?: (line: Duplex) => void) {
    [this.#line, this.#seen, this.#secure] = [line, seen, secure];
    line.on("data", this.#listen).on("error", () => undefined);
  }

  readonly #listen = (chunk: Buffer): void => {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    while (this.#heard.length >= HEADER && this.#heard.length >= this.#heard.readUInt16BE(2)) {
      const [type, status, length] = [this.#heard[0] as number, this.#heard[1] as number, this.#heard.readUInt16BE(2)];
      this.#message.push(this.#heard.subarray(HEADER, length));
      this.#heard = this.#heard.subarray(length);
      if ((status & 1) === 0) continue;
      const body = Buffer.concat(this.#message.splice(0));
      if (type === PRELOGIN) this.#greet();
      else void this.#take(type, body);
    }
  };

  #greet(): void {
    this.#line.write(packet(RESPONSE, greeting(this.#secure === undefined ? 2 : 1)));
    if (this.#secure === undefined) return;
    this.#line.off("data", this.#listen);
    this.#secure(this.#line);
  }

  async #take(type: number, body: Buffer): Promise<void> {
    const { logins, batches, answer } = this.#seen;
    if (type === LOGIN7) {
      const readOnly = ((body[26] ?? 0) & 0x20) !== 0;
      logins.push({ text: body.toString("utf16le"), readOnly, encrypted: this.#line instanceof TLSSocket });
      return this.#send([signedIn()]);
    }
    if (type === ATTENTION) {
      this.#seen.calledOff++;
      this.#offs++;
      await this.#sending;
      return this.#send([calledOffDone]);
    }
    if (type !== BATCH) return;
    const text = body.subarray(body.readUInt32LE(0)).toString("utf16le");
    if (/^\s*set ansi_nulls/i.test(text)) return this.#send([done(false)]);
    batches.push(text);
    const [found, offs] = [answer(text), this.#offs];
    if (found !== "never") this.#sending = this.#send(tokensOf(found), () => this.#offs > offs);
  }

  async #send(parts: Iterable<Buffer>, isCalledOff = (): boolean => false): Promise<void> {
    let body = Buffer.alloc(0);
    for (const part of parts) {
      if (isCalledOff() || this.#line.destroyed) break;
      body = Buffer.concat([body, part]);
      while (body.length > PACKET) {
        await this.#write(packet(RESPONSE, body.subarray(0, PACKET), false));
        body = Buffer.from(body.subarray(PACKET));
      }
    }
    await this.#write(packet(RESPONSE, body));
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#line.destroyed) return;
    this.#seen.sent += bytes.length;
    if (!this.#line.write(bytes)) await drained(this.#line);
  }
}

export async function startTds({ answer, tls }: TdsOptions): Promise<TestTds> {
  const seen: Seen = { answer, batches: [], logins: [], sent: 0, calledOff: 0 };
  const open = new Set<Socket>();
  const begin = (line: Duplex): void => {
    const secureContext = createSecureContext({ cert: tls?.cert, key: tls?.key, maxVersion: "TLSv1.2" });
    new Talk(new TLSSocket(insideGreeting(line), { isServer: true, secureContext }), seen);
  };
  const server =
    tls?.first === true
      ? createTlsServer({ cert: tls.cert, key: tls.key, ALPNProtocols: ["tds/8.0"] }, (line) => void new Talk(line, seen))
      : createServer((line) => void new Talk(line, seen, tls === undefined ? undefined : begin));
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    batches: seen.batches,
    logins: seen.logins,
    sent: () => seen.sent,
    calledOff: () => seen.calledOff,
    stop: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

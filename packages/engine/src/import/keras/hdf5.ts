/** Reads the tensors of an HDF5 file in a thread of its own, which is ended where it hangs or dies. */
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { EngraftError } from "@engraft/core/base/errors";
import type { NamedTensor } from "../named-tensors.ts";
import type { Hdf5Answer, Hdf5Request } from "./hdf5-thread.ts";

export interface Hdf5 {
  /** By path, for example "layers/dense/vars/0". */
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Attribute `name` of groups, by path. */
  readonly names: ReadonlyMap<string, string>;
}

/** The compiled file, also when this module itself runs from source: a thread loads no TypeScript on Node 20. */
const ENTRY = createRequire(import.meta.url).resolve("@engraft/engine/import/keras/hdf5-thread");

/** Time to start, then for any file, and for each byte of it: the library loops for ever over some broken files. */
const START_MS = 30_000;
const FILE_MS = 5000;
const BYTES_PER_MS = 10_000;

const broken = (why: string): EngraftError => new EngraftError("bad-input", `The weights cannot be read: ${why}. Save the model anew.`);

/** Reads one file after the other. */
export class Hdf5Reader {
  readonly #limit: number;
  #thread: Worker | undefined;

  /** `limit`: milliseconds for a small file. */
  constructor(limit = FILE_MS) {
    this.#limit = limit;
  }

  /** `bytes` are handed over: the caller has them no more. Throws `bad-input`. */
  async read(bytes: Uint8Array<ArrayBuffer>): Promise<Hdf5> {
    const answer = await this.#ask({ bytes });
    if ("problem" in answer) throw broken(answer.problem);
    return { tensors: new Map(answer.tensors.map(([path, shape, values]) => [path, { shape, values }])), names: new Map(answer.names) };
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  async #ask(request: Hdf5Request): Promise<Hdf5Answer> {
    const limit = this.#limit + request.bytes.byteLength / BYTES_PER_MS;
    this.#thread ??= await this.#start();
    const answer = this.#next(this.#thread, limit);
    this.#thread.postMessage(request, [request.bytes.buffer]);
    return (await answer) as Hdf5Answer;
  }

  async #start(): Promise<Worker> {
    const thread = new Worker(ENTRY, { stdout: true, stderr: true });
    // What the library prints about a broken file would say nothing to anybody.
    thread.stdout.resume();
    thread.stderr.resume();
    // The end that follows is what is waited for.
    thread.on("error", () => undefined);
    await this.#next(thread, START_MS);
    return thread;
  }

  /** What the thread says next. Ends it where it says nothing in time. */
  async #next(thread: Worker, limit: number): Promise<Hdf5Answer | "ready"> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const fail = (why: string): void => {
          if (this.#thread === thread) this.#thread = undefined;
          void thread.terminate();
          reject(broken(why));
        };
        timer = setTimeout(() => fail("they take for ever"), limit);
        thread.once("message", resolve);
        thread.once("exit", () => fail("they are broken"));
      });
    } finally {
      clearTimeout(timer);
      thread.removeAllListeners("message").removeAllListeners("exit");
    }
  }
}

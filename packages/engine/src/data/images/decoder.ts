/** The side of the pictures' thread that asks: one thread for a process, started when it is first needed, ended where it hangs or dies. */
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { MatchTag } from "./dicom-match.ts";
import type { Slice } from "./nifti.ts";
import { PictureRefused, type Picture } from "./picture.ts";
import type { PictureAnswer, PictureRequest } from "./picture-thread.ts";

/** The compiled file, also when this module itself runs from source: a thread loads no TypeScript on Node 20. */
const ENTRY = createRequire(import.meta.url).resolve("@engraft/engine/data/images/picture-thread");

/** Time to start, then for any file, and for each byte of it: a mammogram in JPEG 2000 takes seconds on a slow machine. */
const START_MS = 30_000;
const FILE_MS = 10_000;
const BYTES_PER_MS = 1000;

/** Asks one file after the other. */
export class PictureDecoder {
  readonly #limit: number;
  #thread: Promise<Worker> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** `limit`: milliseconds for a small file. */
  constructor(limit = FILE_MS) {
    this.#limit = limit;
  }

  /** Throws `PictureRefused`. */
  async ask(request: PictureRequest): Promise<PictureAnswer> {
    const answer = this.#turn.then(() => this.#one(request));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await (await thread)?.terminate();
  }

  async #one(request: PictureRequest): Promise<PictureAnswer> {
    const limit = this.#limit + request.bytes.byteLength / BYTES_PER_MS;
    const thread = await (this.#thread ??= this.#start());
    const answer = this.#next(thread, limit);
    thread.postMessage(request, [request.bytes.buffer]);
    return (await answer) as PictureAnswer;
  }

  async #start(): Promise<Worker> {
    // What a codec prints about a broken file would say nothing to anybody: it is never read, and reading it would keep the process alive.
    const thread = new Worker(ENTRY, { stdout: true, stderr: true });
    // The end that follows is what is waited for.
    thread.on("error", () => undefined);
    await this.#next(thread, START_MS);
    return thread;
  }

  /** What the thread says next. Ends it where it says nothing in time; while nobody waits it keeps no process alive. */
  async #next(thread: Worker, limit: number): Promise<PictureAnswer | "ready"> {
    let timer: NodeJS.Timeout | undefined;
    thread.ref();
    try {
      return await new Promise((resolve, reject) => {
        const fail = (): void => {
          this.#thread = undefined;
          void thread.terminate();
          reject(new PictureRefused("unreadable-file"));
        };
        timer = setTimeout(fail, limit);
        thread.once("message", resolve);
        thread.once("exit", fail);
      });
    } finally {
      clearTimeout(timer);
      thread.removeAllListeners("message").removeAllListeners("exit");
      thread.unref();
    }
  }
}

const shared = new PictureDecoder();

/** A DICOM or NIfTI file. Throws `PictureRefused`. */
export async function decoded(bytes: Uint8Array, slice: Slice | undefined, decoder = shared): Promise<Picture> {
  const answer = await decoder.ask({ kind: "picture", bytes: Uint8Array.from(bytes), slice });
  if ("picture" in answer) return answer.picture;
  throw new PictureRefused("problem" in answer ? answer.problem : "unreadable-file");
}

/** See `matchValue`. */
export async function matched(bytes: Uint8Array, tag: MatchTag, whole: boolean, decoder = shared): Promise<string | null | undefined> {
  const answer = await decoder.ask({ kind: "match", bytes: Uint8Array.from(bytes), tag, whole });
  return "match" in answer ? answer.match : null;
}

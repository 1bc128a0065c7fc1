/** The agent's side of the training thread. */
import { EngraftError } from "@engraft/core/base/errors";
import { createRequire } from "node:module";
import { SHARE_ENV, Worker } from "node:worker_threads";
import type { CallName, Calls, Request, Response } from "./protocol.ts";
import type { TrainingProgress } from "./session.ts";

export interface CallOptions {
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainingThread {
  /** Rejects with the session's `EngraftError`, with the signal's reason when aborted, with `training-failed` when the thread died. */
  call<N extends CallName>(name: N, value: Calls[N]["request"], options?: CallOptions): Promise<Calls[N]["answer"]>;
  /** Ends the thread; calls under way are rejected. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly options: CallOptions;
  /** Stops listening to the signal. */
  readonly release: () => void;
}

/** The compiled file, also when this module itself runs from source: a thread loads no TypeScript on Node 20. */
const ENTRY = createRequire(import.meta.url).resolve("@engraft/engine/train/training-thread");

/** Starts a thread; it stays for all rounds of a run. It does not keep the process alive by itself. */
export function startTrainingThread(): TrainingThread {
  // A shared environment, since native libraries read the real one and not a thread's copy.
  const thread = new Worker(ENTRY, { env: SHARE_ENV });
  thread.unref();
  const waiting = new Map<number, Waiting>();
  let ended: EngraftError | undefined;
  let lastId = 0;

  const end = (reason: EngraftError): void => {
    ended ??= reason;
    for (const { reject, release } of waiting.values()) {
      release();
      reject(ended);
    }
    waiting.clear();
    thread.unref();
  };
  thread.on("error", (cause) =>
    end(new EngraftError("training-failed", "The training thread failed. The agent starts a new one for the next request.", { cause })),
  );
  thread.on("exit", () =>
    end(new EngraftError("training-failed", "The training thread ended. The agent starts a new one for the next request.")),
  );
  thread.on("message", (response: Response) => {
    const call = waiting.get(response.id);
    if (call === undefined) return;
    if (response.type === "progress") return call.options.onProgress?.(response.progress);
    waiting.delete(response.id);
    if (waiting.size === 0) thread.unref();
    call.release();
    settle(call, response);
  });

  return {
    call: (name, value, options = {}) =>
      new Promise((resolve, reject) => {
        options.signal?.throwIfAborted();
        if (ended !== undefined) throw ended;
        const abort = new Int32Array(new SharedArrayBuffer(4));
        const onAbort = (): void => void Atomics.store(abort, 0, 1);
        options.signal?.addEventListener("abort", onAbort);
        const id = ++lastId;
        waiting.set(id, { resolve, reject, options, release: () => options.signal?.removeEventListener("abort", onAbort) });
        thread.ref();
        const request = { id, call: name, value, abort } as Request;
        thread.postMessage(request);
      }),
    close: async () => {
      end(new EngraftError("training-failed", "Training was closed."));
      await thread.terminate();
    },
  };
}

function settle({ resolve, reject, options }: Waiting, response: Exclude<Response, { type: "progress" }>): void {
  if (response.type === "answer") resolve(response.value as never);
  else if (response.type === "aborted") reject(options.signal?.reason);
  else reject(response.code === null ? new Error(response.text) : new EngraftError(response.code, response.text));
}

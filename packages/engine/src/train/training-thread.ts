/** Entry point of the training thread: answers one request after the other. */
import { EngraftError } from "@engraft/core/base/errors";
import { parentPort } from "node:worker_threads";
import type { CallName, Calls, Request, Response } from "./protocol.ts";
import { Aborted, openSession, type Session, type TrainingControl } from "./session.ts";

let session: Session | undefined;

const send = (response: Response, transfer: readonly ArrayBuffer[] = []): void => parentPort?.postMessage(response, transfer);

async function perform(request: Request): Promise<Calls[CallName]["answer"]> {
  const control: TrainingControl = {
    progress: (progress) => send({ id: request.id, type: "progress", progress }),
    aborted: () => Atomics.load(request.abort, 0) === 1,
  };
  if (request.call === "open") {
    session = await openSession(request.value, control);
    return { engine: session.engine, counts: session.counts };
  }
  if (session === undefined) throw new Error("Bug: the training thread was asked before it was opened");
  switch (request.call) {
    case "train":
      return session.train(request.value.start, request.value.seed, control);
    case "trainAlone":
      return session.trainAlone(request.value.rounds, control);
    case "evaluate":
      return session.evaluate(request.value.vector, request.value.part);
    case "tally":
      return session.tally(request.value.vector, request.value.part);
    default:
      return request satisfies never;
  }
}

const vectorIn = (answer: Calls[CallName]["answer"]): Float32Array | undefined =>
  answer instanceof Float32Array ? answer : answer !== null && "update" in answer ? answer.update : undefined;

async function respond(request: Request): Promise<void> {
  try {
    const value = await perform(request);
    const vector = vectorIn(value);
    send({ id: request.id, type: "answer", value }, vector === undefined ? [] : [vector.buffer as ArrayBuffer]);
  } catch (error) {
    if (error instanceof Aborted) send({ id: request.id, type: "aborted" });
    else
      send({
        id: request.id,
        type: "failed",
        code: error instanceof EngraftError ? error.code : null,
        text: error instanceof Error ? error.message : String(error),
      });
  }
}

let queue: Promise<void> = Promise.resolve();
parentPort?.on("message", (request: Request) => {
  queue = queue.then(() => respond(request));
});

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
  if (request.call === "count") return (await import("../summary/counts.ts")).countTable(request.value);
  if (request.call === "probe") return (await import("../probe/probe.ts")).probeTransfer(request.value, control);
  if (request.call === "shift") return (await import("../summary/shift.ts")).siteShift(request.value);
  if (session === undefined) throw new Error("Bug: the training thread was asked before it was opened");
  switch (request.call) {
    case "train":
      return session.train(request.value.start, request.value.seed, control, request.value.personal, request.value.variate);
    case "statistics":
      return session.statistics(request.value.start, request.value.fromZero, request.value.personal);
    case "trainAlone":
      return session.trainAlone(request.value.rounds, control);
    case "evaluate":
      return session.evaluate(request.value.vector, request.value.part, request.value.personal);
    case "gain":
      return session.gain(request.value.first, request.value.second, request.value.over);
    case "ownIntercept":
      return session.ownIntercept(request.value.vector, request.value.personal);
    case "tally":
      return session.tally(request.value.vector, request.value.part, request.value.personal);
    default:
      return request satisfies never;
  }
}

/** What is handed over instead of copied. */
function buffersIn(answer: Calls[CallName]["answer"]): readonly ArrayBuffer[] {
  if (answer === null || !("personal" in answer)) return [];
  const vectors = "update" in answer ? [answer.update, answer.personal, answer.variate] : [answer.vector, answer.personal];
  return vectors.map((vector) => vector.buffer as ArrayBuffer);
}

async function respond(request: Request): Promise<void> {
  try {
    const value = await perform(request);
    send({ id: request.id, type: "answer", value }, buffersIn(value));
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

/** One round's training at this site, from and to what it keeps to itself. */
import { keepPersonal } from "../vault/personal.ts";
import { keepVariate, variateAfter } from "../vault/variates.ts";
import type { Agreed } from "./check-ask.ts";
import type { SiteModel, Trained } from "./site-model.ts";
import { reporter, seedOf, type Workshop } from "./workshop.ts";

/** `personal`: this site's own part of the model as the round began. */
export async function trainRound(
  workshop: Workshop,
  agreed: Agreed,
  model: SiteModel,
  start: Float32Array,
  personal: Float32Array | undefined,
  signal: AbortSignal,
): Promise<Trained> {
  const { home } = workshop;
  const { run, round, counted = 0 } = agreed.ask;
  const variate = counted === 0 ? undefined : await variateAfter(home, run, counted);
  signal.throwIfAborted();
  const report = reporter(workshop, agreed, "train");
  // The engine's first word may come when all is done: a small head takes thousands of steps in one call.
  report({ done: 0, total: 1 });
  const trained = await model.train(start, seedOf(workshop, agreed), report, signal, personal, variate);
  signal.throwIfAborted();
  await keepPersonal(home, run, round, trained.personal);
  if (trained.variate !== undefined && trained.variate.length > 0) await keepVariate(home, run, round, trained.variate, counted);
  return trained;
}

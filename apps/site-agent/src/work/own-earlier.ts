/** The earlier model that the plan names, on this site's test patients beside the run's own: both are judged in the same minute, so on the same rows. */
import { EngraftError } from "@engraft/core/base/errors";
import type { EarlierFigures, SiteMetrics } from "@engraft/core/models/metrics";
import { modelValues } from "@engraft/core/models/plan";
import type { Agreed } from "./check-ask.ts";
import { gainLettingOut, lettingOut } from "./egress.ts";
import type { SharedModel, SiteModel } from "./site-model.ts";
import { reporter, type Workshop } from "./workshop.ts";

/** Undefined where it may not be said, or the plan does not ask; likewise of too few patients. */
export async function ownEarlier(
  workshop: Workshop,
  agreed: Agreed,
  model: SiteModel,
  federated: SharedModel & { readonly metrics: SiteMetrics | null },
  signal: AbortSignal,
): Promise<EarlierFigures | undefined> {
  const { plan, manifest } = agreed.offered;
  const { compareRelease } = plan.metrics;
  if (!agreed.siteMetrics || compareRelease === undefined) return undefined;
  const values = modelValues(compareRelease, manifest.tensors, plan.training.trainable);
  if (values === undefined) throw new EngraftError("wrong-shape", "The earlier model's checkpoint is not of what this plan trains.");
  const ref = { digest: compareRelease.checkpoint, bytes: compareRelease.bytes };
  const whole = await workshop.vectors.loadVector(agreed.ask.run, ref, reporter(workshop, agreed, "download"));
  signal.throwIfAborted();
  const vector = whole.subarray(0, values);
  const metrics = lettingOut(plan, await model.evaluate(vector, "test"));
  const over = gainLettingOut(plan, await model.gain(federated, { vector }, "earlier"), [metrics, federated.metrics]);
  return metrics === null || over === null ? undefined : { metrics, over };
}

/** A release of a small run: two rounds, of three sites one dropped out of the last, figures at the end. Names try to be more than text. */
import { sha256 } from "@engraft/core/crypto/digest";
import { heartManifest, heartManifestDigest, heartPlan } from "../../../core/src/models/heart.fixture.ts";
import { createCommand, metrics, Play } from "../../../core/src/rounds/play.fixture.ts";
import { runView, type RunView } from "@engraft/core/rounds/view";
import type { DescribedRelease } from "./described.ts";

function viewOfRun(): RunView {
  const play = new Play();
  play.command(createCommand(play.sites));
  play.at(1).roundOf(0.7);
  play.at(2).look();
  play.update("berta", { validation: metrics(0.8125, 100) });
  play.at(3).update("anna", { validation: metrics(0.6, 300) });
  play.at(4).decline("clara");
  play.at(5).combined();
  play
    .at(6)
    .evaluation("anna", { validation: metrics(0.9), base: metrics(0.51, 41), alone: metrics(0.62, 41), federated: metrics(0.73, 41) });
  play.evaluation("berta", { base: metrics(null, 3), alone: metrics(null, 3), federated: metrics(null, 3) });
  play.evaluation("clara", { federated: metrics(0.95, 17) });
  return runView(play.events) as RunView;
}

export const describedRelease = (): DescribedRelease => ({
  name: "heart-ward",
  version: "1.2",
  notes: "For `wards`, | not <script>alert(1)</script>\n# clinics",
  madeAt: Date.UTC(2031, 4, 6, 12),
  coordinator: "c".repeat(64),
  plan: heartPlan,
  planDigest: sha256("plan"),
  manifest: {
    ...heartManifest,
    name: "heart-head",
    version: "1.1",
    title: "Heart, fine-tuned",
    weights: { digest: sha256("tuned"), bytes: 52 },
  },
  base: { manifest: heartManifest, digest: heartManifestDigest },
  view: viewOfRun(),
  files: [
    { name: "model.safetensors", sha256: sha256("tuned"), bytes: 52 },
    { name: "model.onnx", sha256: sha256("onnx"), bytes: 1234 },
  ],
  leftOut: [{ name: "model.json", why: "TensorFlow.js has no such layer" }],
});

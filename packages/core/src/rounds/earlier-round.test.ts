import { expect, it } from "vitest";
import { eventsUpTo, viewAt, writtenRounds } from "./earlier-round.ts";
import { createCommand, metrics, Play } from "./play.fixture.ts";
import { runView, type RunView } from "./view.ts";

function played(): Play {
  const play = new Play();
  play.command(createCommand(play.sites));
  play.at(1).roundOf(0.7);
  play.at(2).roundOf(0.8);
  play.at(3).evaluation("anna", { validation: metrics(0.9), federated: metrics(0.95) });
  return play;
}

it("[O10] a run at an earlier round has that round's checkpoint, its validation figures, and none of a later one", () => {
  const { events } = played();
  const whole = runView(events) as RunView;
  expect(writtenRounds(whole)).toEqual([1, 2]);
  const first = viewAt(whole, 1);
  expect(first?.checkpoint.digest).toBe(whole.rounds[0]?.checkpoint?.digest);
  expect(first?.checkpoint.digest).not.toBe(whole.checkpoint.digest);
  expect(first?.rounds.map(({ round }) => round)).toEqual([1]);
  // Told by the answers of round 2.
  expect(first?.curve.at(-1)).toMatchObject({ round: 1, sites: { anna: { values: { auroc: { value: 0.8 } } } } });
  expect(first?.comparisons).toEqual([]);
  expect(viewAt(whole, 3)).toBeUndefined();
});

it("[O10] what led to an earlier round ends with its checkpoint", () => {
  const cut = eventsUpTo(played().events, 1);
  expect(cut.at(-1)).toMatchObject({ type: "checkpoint.written", round: 1 });
  expect(runView(cut)?.checkpoint).toEqual(viewAt(runView(played().events) as RunView, 1)?.checkpoint);
});

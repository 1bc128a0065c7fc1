/** `engraft-coordinator release`: models out of the federation. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { RunId } from "@engraft/core/base/ids";
import type { ReleaseView } from "../api/release-views.ts";
import { download, withApi, type Reach } from "./api.ts";
import { parsed, type Said } from "./commands.ts";

const RUN = "a run, for example heart-head.3";

interface ReleaseFlags {
  readonly name: string;
  readonly version: string;
  readonly notes: string;
  readonly despite: string | null;
  readonly round: number | undefined;
}

export async function makeRelease(reach: Reach, run: string, { round, ...flags }: ReleaseFlags): Promise<Said> {
  const id = parsed(RunId, run, RUN);
  const of = round === undefined ? {} : { round };
  const made = await withApi(reach, (api) => api.releases.make.mutate({ run: id, ...flags, ...of }));
  return {
    json: { run, release: made },
    lines: [
      `${run} is released as ${flags.name} ${flags.version}${made?.round ? `, as it was after round ${made.round} of ${made.ofRounds}` : ""}.`,
      `Whoever gets it verifies it with: engraft verify bundle.zip --key ${made?.key ?? ""}`,
    ],
  };
}

/** What `make --round` can be given. */
export async function listCheckpoints(reach: Reach, run: string): Promise<Said> {
  const id = parsed(RunId, run, RUN);
  const { metric, checkpoints } = await withApi(reach, (api) => api.releases.checkpoints.query({ run: id }));
  const lines = checkpoints.map(
    ({ round, value }) => `round ${round}  ${value === null ? "not measured" : `${metric} ${value.toFixed(3)}`}`,
  );
  return {
    json: { run, metric, checkpoints },
    lines: [...lines, "Figures are of validation patients; test patients saw the run's last checkpoint alone."],
  };
}

export async function withdrawRelease(reach: Reach, run: string, why: string): Promise<Said> {
  const id = parsed(RunId, run, RUN);
  await withApi(reach, (api) => api.releases.withdraw.mutate({ run: id, why }));
  return { json: { run, withdrawn: true }, lines: [`The release of ${run} is withdrawn; whoever fetches it is told why.`] };
}

const stateOf = ({ released, withdrawn }: ReleaseView): string =>
  withdrawn !== null ? "withdrawn" : released === null ? "candidate" : `${released.name} ${released.version}`;

export async function listReleases(reach: Reach): Promise<Said> {
  const releases = await withApi(reach, (api) => api.releases.list.query());
  return { json: { releases }, lines: releases.map((one) => `${one.run}  ${stateOf(one)}  ${one.rounds} rounds, ${one.aggregation}`) };
}

/** All files of a release into a folder. */
export async function saveRelease(reach: Reach, run: string, out: string): Promise<Said> {
  const id = parsed(RunId, run, RUN);
  const found = (await withApi(reach, (api) => api.releases.list.query())).find((one) => one.run === id);
  if (found === undefined)
    throw new EngraftError("not-found", `${run} has no model. "engraft-coordinator release list" shows those there are.`);
  await mkdir(out, { recursive: true });
  for (const { name, url } of found.files) {
    await mkdir(dirname(join(out, name)), { recursive: true });
    await download(reach, found.withdrawn === null ? url : `${url}?withdrawn=yes`, join(out, name));
  }
  const warning = found.withdrawn === null ? [] : [`It was withdrawn: ${found.withdrawn.why}`];
  return { json: { run, out, files: found.files }, lines: [...found.files.map(({ name }) => join(out, name)), ...warning] };
}

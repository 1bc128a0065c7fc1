/** What an operator does from the command line. Each returns what is printed: an object for --json, lines for people. */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import { Digest, RunId, SiteName } from "@engraft/core/base/ids";
import type * as z from "zod";
import { isRole, ROLES } from "../api/access.ts";
import { download, upload, withApi, type Api, type Reach } from "./api.ts";

export interface Said {
  readonly json: unknown;
  readonly lines: readonly string[];
}

export function parsed<T extends z.ZodType>(schema: T, text: string, what: string): z.infer<T> {
  const read = schema.safeParse(text);
  if (!read.success) throw new EngraftError("bad-input", `"${text}" is not ${what}: ${read.error.issues[0]?.message ?? ""}`);
  return read.data;
}

export async function invite(reach: Reach, site: string, hours: string): Promise<Said> {
  const name = parsed(SiteName, site, "a site's name");
  const length = Number(hours);
  if (!(length > 0)) throw new EngraftError("bad-input", "--hours needs a number of hours.");
  const made = await withApi(reach, (api) => api.sites.invite.mutate({ site: name, hours: length }));
  return {
    json: made,
    lines: [`Give this line to the IT of ${site}. It works once, until ${new Date(made.expires).toISOString()}:`, made.command],
  };
}

export async function importBase(reach: Reach, folder: string): Promise<Said> {
  await upload(reach, join(folder, "weights.safetensors"));
  const trunk = join(folder, "trunk.onnx");
  if (existsSync(trunk)) await upload(reach, trunk);
  const manifest = await upload(reach, join(folder, "manifest.json"));
  const base = await withApi(reach, (api) => api.bases.register.mutate({ manifest }));
  const { digest, name, version } = base;
  const { weights, fields } = base.manifest;
  return { json: { digest, name, version, weights: weights.digest, fields }, lines: [`${name} ${version} is imported.`, digest] };
}

/** `change`: what becomes of the text that is in the file. */
export async function proposePlan(
  reach: Reach,
  path: string,
  change: (text: string) => string | Promise<string> = (text) => text,
): Promise<Said> {
  const written = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new EngraftError("not-found", `Cannot read ${path}.`, { cause });
  });
  const plan = await change(written);
  const { digest, words } = await withApi(reach, async (api) => {
    const proposed = await api.plans.propose.mutate({ plan });
    const { words: spoken } = await api.plans.get.query({ digest: proposed.digest });
    return { digest: proposed.digest, words: spoken };
  });
  return {
    json: { digest, words },
    lines: [`The plan is proposed; every site is asked to review it.`, digest, `In words: ${words.join(" ")}`],
  };
}

export async function listPlans(reach: Reach): Promise<Said> {
  const plans = await withApi(reach, (api) => api.plans.list.query());
  return {
    json: { plans },
    lines: plans.map(
      (plan) =>
        `${plan.digest.slice(0, 12)}  ${plan.name} ${plan.version}  ${plan.withdrawn ? "withdrawn" : `${plan.approved} of ${plan.needed} approvals needed`}`,
    ),
  };
}

/** By digest, or by name: then the newest version that was not withdrawn. */
export async function startRun(reach: Reach, plan: string): Promise<Said> {
  const { run } = await withApi(reach, async (api) => {
    const digest = Digest.safeParse(plan);
    if (digest.success) return api.runs.start.mutate({ plan: digest.data });
    const plans = await api.plans.list.query();
    const named = plans.filter(({ name, digest: full }) => name === plan || (plan.length >= 6 && full.startsWith(plan)));
    const newest = named.filter(({ withdrawn }) => !withdrawn).sort((a, b) => b.version - a.version)[0];
    if (newest === undefined && named.length > 0) throw new EngraftError("plan-withdrawn", `${plan} was withdrawn. Propose a new version.`);
    if (newest === undefined)
      throw new EngraftError(
        "plan-unknown",
        `There is no plan with the name or digest ${plan}. "engraft-coordinator plan list" shows those there are.`,
      );
    return api.runs.start.mutate({ plan: newest.digest });
  });
  return { json: { run }, lines: [`${run} is started.`] };
}

export async function stopRun(reach: Reach, run: string): Promise<Said> {
  const id = parsed(RunId, run, "a run, for example heart-head.3");
  await withApi(reach, (api) => api.runs.stop.mutate({ run: id }));
  return { json: { run, stopped: true }, lines: [`${run} is stopped.`] };
}

/** What an admin does to a run under way: `act` asks for it, `said` is what has happened then. */
async function steer(reach: Reach, run: string, said: string, act: (api: Api, run: RunId) => Promise<unknown>): Promise<Said> {
  const id = parsed(RunId, run, "a run, for example heart-head.3");
  await withApi(reach, (api) => act(api, id));
  return { json: { run, done: said }, lines: [`${run}: ${said}`] };
}

export function extendRun(reach: Reach, run: string, minutes: string): Promise<Said> {
  const length = Number(minutes);
  if (!(length > 0)) throw new EngraftError("bad-input", "--minutes needs a number of minutes from now.");
  return steer(reach, run, `the deadline is in ${length} minutes.`, (api, id) =>
    api.runs.moveDeadline.mutate({ run: id, minutes: length }),
  );
}

export const closeRound = (reach: Reach, run: string): Promise<Said> =>
  steer(reach, run, "what was waited for has ended.", (api, id) => api.runs.closeNow.mutate({ run: id }));

export function leaveOutOrLetIn(reach: Reach, run: string, site: string, how: "leaveOut" | "letIn"): Promise<Said> {
  const name = parsed(SiteName, site, "a site's name");
  const said = how === "leaveOut" ? `${site} is left out.` : `${site} takes part again, from the next round on.`;
  return steer(reach, run, said, (api, id) => api.runs[how].mutate({ run: id, site: name }));
}

export const pauseRun = (reach: Reach, run: string): Promise<Said> =>
  steer(reach, run, "paused; the open round goes on to its end, and no other begins.", (api, id) => api.runs.pause.mutate({ run: id }));

export const resumeRun = (reach: Reach, run: string): Promise<Said> =>
  steer(reach, run, "goes on.", (api, id) => api.runs.resume.mutate({ run: id }));

export async function listRuns(reach: Reach): Promise<Said> {
  const runs = await withApi(reach, (api) => api.runs.list.query());
  return {
    json: { runs },
    lines: runs.map(
      (run) => `${run.run}  ${run.phase}  round ${run.round} of ${run.rounds}${run.endText === null ? "" : `  ${run.endText}`}`,
    ),
  };
}

/** Everything that the coordinator holds of a run's opened sums, one folder for each round. */
export async function saveRecords(reach: Reach, run: string, out: string): Promise<Said> {
  const id = parsed(RunId, run, "a run, for example heart-head.3");
  const records = await withApi(reach, (api) => api.runs.record.query({ run: id }));
  if (records.length === 0) throw new EngraftError("not-found", `${run} has opened no sum yet, or adds updates up in plain.`);
  const rounds = [];
  for (const { round, masked, checkpoints } of records) {
    const folder = join(out, `round-${round}`);
    await mkdir(join(folder, "masked"), { recursive: true });
    await download(reach, `/records/${run}/${round}/record.json`, join(folder, "record.json"));
    let kept = 0;
    for (const { digest } of masked)
      if (await download(reach, `/records/${run}/${round}/masked/${digest}`, join(folder, "masked", digest))) kept += 1;
    // What the strategy kept at the server is there of the newest rounds only.
    if (checkpoints.length > 0) await mkdir(join(folder, "checkpoints"), { recursive: true });
    for (const digest of checkpoints)
      await download(reach, `/records/${run}/${round}/checkpoints/${digest}`, join(folder, "checkpoints", digest));
    rounds.push({ round, folder, masked: masked.length, kept });
  }
  return {
    json: { run, rounds },
    lines: rounds.map(({ round, folder, masked, kept }) => `Round ${round}: ${folder}, ${kept} of ${masked} masked vectors`),
  };
}

/** Also the way back for an only admin, who can ask nobody. */
export async function resetSecondFactor(reach: Reach, email: string): Promise<Said> {
  await withApi(reach, async (api) => {
    const user = (await api.users.list.query()).find((one) => one.email === email.toLowerCase());
    if (user === undefined) throw new EngraftError("not-found", `${email} has no account.`);
    await api.users.resetSecondFactor.mutate({ id: user.id });
  });
  return { json: { email }, lines: [`${email} signs in with the password alone from now on; all sessions ended.`] };
}

/** The password comes from a file, or is made and shown once. */
export async function createUser(
  reach: Reach,
  options: { readonly email: string; readonly name: string; readonly role: string; readonly passwordFile?: string },
): Promise<Said> {
  const { email, name, role, passwordFile } = options;
  if (!isRole(role)) throw new EngraftError("bad-input", `--role is one of ${ROLES.join(", ")}.`);
  const given = passwordFile === undefined ? undefined : (await readFile(passwordFile, "utf8")).trim();
  const password = given ?? randomBytes(12).toString("base64url");
  await withApi(reach, (api) => api.users.create.mutate({ email, name, role, password }));
  const shown = given === undefined ? { password } : {};
  return {
    json: { email, role, ...shown },
    lines: [`${email} has an account (${role}).`, ...(given === undefined ? [`Password, shown once: ${password}`] : [])],
  };
}

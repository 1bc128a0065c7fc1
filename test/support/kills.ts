/** Kills programs of a running federation, each at the point that its list says next, and starts them again at once. */
import type { RunView } from "@engraft/core/rounds/view";
import type { Program } from "../../tools/federation/program.ts";
import type { Heart } from "./heart.ts";

/** For each program, "coordinator" or a site's name: where it dies, one life after the other ("point" or "point:n"). */
export type Schedule = ReadonlyMap<string, readonly string[]>;

export interface Disturbed {
  readonly view: RunView;
  /** "program point", in the order in which they died. */
  readonly kills: readonly string[];
  /** Points that no life came to before the run ended. */
  readonly spared: readonly string[];
}

const KILLED = 137;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Follows the run to its end. Throws where a program ends in any other way than by its kill, or the run does not end in time. */
export async function underKills(heart: Heart, run: string, schedule: Schedule, seconds = 240): Promise<Disturbed> {
  const kills: string[] = [];
  const spared: string[] = [];
  const followed = follow(heart, run, seconds, () => kills.at(-1));
  const ended = followed.then(
    () => true as const,
    () => true as const,
  );
  const lives = Promise.all([...schedule].map(([name, points]) => haunt(heart, name, points, { ended, kills, spared })));
  const [view] = await Promise.all([followed, lives]);
  return { view, kills, spared };
}

interface Haunting {
  readonly ended: Promise<true>;
  readonly kills: string[];
  readonly spared: string[];
}

async function haunt(heart: Heart, name: string, points: readonly string[], { ended, kills, spared }: Haunting): Promise<void> {
  const { federation } = heart;
  const now = (): Program => (name === "coordinator" ? federation.coordinator : (federation.agents.get(name) as Program));
  const begin = async (env: Readonly<Record<string, string>>): Promise<void> => {
    // It may die before it has said that it is there.
    await (name === "coordinator" ? federation.startCoordinator(undefined, env) : federation.startAgent(name, env)).catch(() => undefined);
  };
  await now().crash();
  kills.push(`${name} at once`);
  for (const [index, point] of points.entries()) {
    await begin({ ENGRAFT_CRASH_AT: point });
    const { exited, stderr } = now();
    const code = await Promise.race([exited, ended]);
    if (code === true) {
      spared.push(...points.slice(index).map((left) => `${name} ${left}`));
      return;
    }
    if (code !== KILLED) throw new Error(`${name} was to die at ${point} and ended with ${code}:\n${stderr}`);
    kills.push(`${name} ${point}`);
  }
  await begin({});
}

async function follow(heart: Heart, run: string, seconds: number, last: () => string | undefined): Promise<RunView> {
  let seen: RunView | undefined;
  for (const until = Date.now() + 1000 * seconds; Date.now() < until; await sleep(100)) {
    // A coordinator that is away is waited for.
    seen = (await heart.view(run).catch(() => undefined)) ?? seen;
    if (seen !== undefined && seen.end !== null) return seen;
  }
  throw new Error(`The run did not end; last kill: ${last()}; it stood at ${seen?.phase} with ${JSON.stringify(seen?.rounds.at(-1))}`);
}

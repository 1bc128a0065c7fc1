/** `pause` and `resume`: local, and they work without the coordinator. */
import { requireMembership } from "../vault/federation.ts";
import { pausedSince, pauseSite, resumeSite } from "../vault/participation.ts";
import type { AddCommand } from "./command.ts";

export const addPause: AddCommand = (program, run) => {
  program
    .command("pause")
    .description("Stop taking part at once: work under way ends, every ask is declined, nothing leaves")
    .action(
      run(async ({ config, print, now }) => {
        await requireMembership(config.home);
        const since = (await pausedSince(config.home)) ?? now();
        await pauseSite(config.home, since);
        print({ paused: true, since }, 'Paused. Only this site can go on: "engraft-site resume".');
      }),
    );
};

export const addResume: AddCommand = (program, run) => {
  program
    .command("resume")
    .description("Take part again")
    .action(
      run(async ({ config, print }) => {
        await requireMembership(config.home);
        await resumeSite(config.home);
        print({ paused: false }, "The site takes part again, from the next round.");
      }),
    );
};

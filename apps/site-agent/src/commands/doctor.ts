/** `doctor`: looks at everything that this site needs, and says for each thing that is wrong what to do next. */
import { once, runDoctor, type Check } from "@engraft/runtime/doctor";
import { checksOfCoordinator } from "../doctor/coordinator.ts";
import { checksHere } from "../doctor/here.ts";
import { tableCheck } from "../doctor/tables.ts";
import { targetOf, type Looking } from "../doctor/target.ts";
import { checksOfWay } from "../doctor/way.ts";
import type { AddCommand } from "./command.ts";

function checksOf(looking: Looking): readonly Check[] {
  const target = once(() => targetOf(looking));
  const before = looking.invite === undefined ? ["enrolment"] : [];
  return [
    ...checksHere(looking),
    ...(looking.invite === undefined ? [tableCheck(looking.home)] : []),
    ...checksOfWay(target, before),
    ...checksOfCoordinator(looking, target),
  ];
}

export const addDoctor: AddCommand = (program, run) => {
  program
    .command("doctor")
    .description("Look for what is wrong, here and on the way to the coordinator; changes nothing, trains nothing")
    .option("--ca <file>", "trust this certificate authority too (PEM)")
    .option("--invite <line>", "before joining: look at the way to the coordinator that this invite names")
    .action(
      run(({ config, json, now }, { invite }: { readonly invite?: string }) =>
        runDoctor(checksOf({ home: config.home, ca: config.ca, invite, now }), json),
      ),
    );
};

/** Everything that `doctor` looks at, in order. */
import { once, type Check } from "@engraft/runtime/doctor";
import { checksOfCoordinator } from "./coordinator.ts";
import { checksHere } from "./here.ts";
import { tableCheck } from "./tables.ts";
import { targetOf, type Looking } from "./target.ts";
import { checksOfWay } from "./way.ts";

export function checksOf(looking: Looking): readonly Check[] {
  const target = once(() => targetOf(looking));
  const before = looking.invite === undefined ? ["enrolment"] : [];
  return [
    ...checksHere(looking),
    ...(looking.invite === undefined ? [tableCheck(looking.home)] : []),
    ...checksOfWay(target, before),
    ...checksOfCoordinator(looking, target),
  ];
}

/** Q6, pure. */
import { refuse, type Refusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { analyticOf } from "@engraft/core/models/analytic";
import type { Plan } from "@engraft/core/models/plan";
import type { Ask } from "@engraft/core/protocol/messages";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";

/**
 * Sums of an analytic round depend on nothing but samples and head. Of one head they leave once: the difference of two sums, with a
 * site less in the second, would be that site's own, whatever the coordinator says of why there is a second. `hashOf`: the hash of
 * another round of the same run from the same checkpoint.
 *
 * Records of kind `released` are enough, though others may have opened a sum that holds this site's without its own release:
 * every opened sum k has a set of at least the threshold of sites that released, and none of them is in a later sum at this
 * head. In any combination of sums, the earliest one used therefore keeps all those sites, with one and the same factor: fewer
 * sites than the threshold are never singled out.
 */
export function sameHeadAgain(
  plan: Plan,
  ask: Pick<Ask, "run" | "round" | "kind">,
  records: readonly JournalRecord[],
  hashOf: (round: number) => Digest,
): Refusal | undefined {
  if (analyticOf(plan, { purpose: ask.kind, round: ask.round }) === undefined) return undefined;
  const before = records.some(
    (record) =>
      record.kind === "released" && record.run === ask.run && record.round < ask.round && record.roundHash === hashOf(record.round),
  );
  return before
    ? refuse("round-released", "This site has released its sums at this head in an earlier round. They leave once: start a new run.")
    : undefined;
}

import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { BadgeCheck, Ban, CircleDashed } from "lucide-react";
import { Chip } from "../../parts/chip.tsx";

/** "heart 1.0", or the run of a model that nobody has released. */
export const releaseTitle = ({ released, run }: ReleaseView): string => (released === null ? run : `${released.name} ${released.version}`);

export function ReleaseChip({ release: { released, withdrawn } }: { readonly release: ReleaseView }) {
  if (withdrawn !== null)
    return (
      <Chip tone="bad" icon={<Ban aria-hidden />}>
        Withdrawn
      </Chip>
    );
  return released === null ? (
    <Chip icon={<CircleDashed aria-hidden />}>Candidate</Chip>
  ) : (
    <Chip tone="ok" icon={<BadgeCheck aria-hidden />}>
      Released
    </Chip>
  );
}

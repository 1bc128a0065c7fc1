import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { BadgeCheck, Ban, CircleDashed } from "lucide-react";
import { Chip } from "../../parts/chip.tsx";
import { useWords } from "../../words/language.ts";
import { releaseWords } from "./words.ts";

/** "heart 1.0", or the run of a model that nobody has released. */
export const releaseTitle = ({ released, run }: ReleaseView): string => (released === null ? run : `${released.name} ${released.version}`);

export function ReleaseChip({ release: { released, withdrawn } }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).chip;
  if (withdrawn !== null)
    return (
      <Chip tone="bad" icon={<Ban aria-hidden />}>
        {words.withdrawn}
      </Chip>
    );
  return released === null ? (
    <Chip icon={<CircleDashed aria-hidden />}>{words.candidate}</Chip>
  ) : (
    <Chip tone="ok" icon={<BadgeCheck aria-hidden />}>
      {words.released}
    </Chip>
  );
}

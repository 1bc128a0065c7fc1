/** A site's own word on when it did what, as types. The dashboard imports these. */
import type { Timed } from "@engraft/core/rounds/lanes";

/** What one process of a site's agent signed of one round. */
export interface TimingView extends Timed {
  readonly run: string;
  readonly round: number;
  readonly site: string;
}

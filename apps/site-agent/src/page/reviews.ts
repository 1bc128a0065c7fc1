/** The slow part of a review, which reads a table and trains a step: worked out beside the page, kept while what it rests on is the same. */
import type { Digest } from "@engraft/core/base/ids";
import { EngraftError } from "@engraft/core/base/errors";
import { tryAndCheck, type Review } from "../commands/review.ts";
import { tryHere, type TryPlan } from "../commands/decide.ts";
import { listData } from "../data/registry.ts";
import type { Membership } from "../vault/federation.ts";
import type { OfferedPlan } from "../vault/plans.ts";

export type Checked = Pick<Review, "data" | "training"> & { readonly problem?: string };

/** A table may change under the same name. */
const KEEP_MS = 120_000;
/** A page that is asked for waits so long for what is nearly there. */
const WAIT_MS = 400;

interface Kept {
  readonly key: string;
  readonly at: number;
  readonly checked: Promise<Checked>;
}

export class Reviews {
  readonly #home: string;
  readonly #membership: Membership;
  readonly #now: () => number;
  readonly #tryPlan: TryPlan;
  readonly #kept = new Map<Digest, Kept>();
  /** One at a time: each may take all of the processor. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(home: string, membership: Membership, now: () => number, tryPlan: TryPlan = tryHere) {
    this.#home = home;
    this.#membership = membership;
    this.#now = now;
    this.#tryPlan = tryPlan;
  }

  /** Undefined while it is being worked out. */
  async look(offered: OfferedPlan, standing: Review["standing"]): Promise<Checked | undefined> {
    const tables = await listData(this.#home);
    const key = JSON.stringify([standing, tables.map(({ name, registeredAt }) => [name, registeredAt])]);
    let kept = this.#kept.get(offered.digest);
    if (kept === undefined || kept.key !== key || this.#now() - kept.at > KEEP_MS) {
      kept = { key, at: this.#now(), checked: this.#check(offered) };
      this.#kept.set(offered.digest, kept);
    }
    return Promise.race([kept.checked, new Promise<undefined>((resolve) => setTimeout(resolve, WAIT_MS, undefined))]);
  }

  /** An approval rests on the trial that the page has shown, where there is one; it is of this machine and this plan. */
  readonly tryPlan: TryPlan = async (offered, summary) => {
    const shown = await this.#kept.get(offered.digest)?.checked;
    return shown?.training ?? this.#tryPlan(offered, summary);
  };

  #check(offered: OfferedPlan): Promise<Checked> {
    const checked = this.#busy
      .then(() => tryAndCheck(this.#home, this.#membership, offered, this.#tryPlan))
      .catch((error: unknown) => {
        const problem = error instanceof EngraftError ? error.message : "The table could not be checked.";
        return { data: null, training: null, problem };
      });
    this.#busy = checked;
    return checked;
  }
}

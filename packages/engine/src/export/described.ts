/** What is known of a release when its texts are written. Every figure in them is one of these. */
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import type { MetricName } from "@engraft/core/models/metric-names";
import type { RunView } from "@engraft/core/rounds/view";

export interface DescribedFile {
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface DescribedRelease {
  readonly name: string;
  readonly version: string;
  /** What the admin who made it says of it; may be empty. */
  readonly notes: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** The coordinator's public key, as sites pin it. */
  readonly coordinator: string;
  readonly plan: Plan;
  readonly planDigest: string;
  /** Of the released model. */
  readonly manifest: Manifest;
  readonly base: { readonly manifest: Manifest; readonly digest: string };
  /** The run, folded from its events; up to the checkpoint that is released. */
  readonly view: RunView;
  /** Where that is not the run's last: which one, of how many. */
  readonly chosen?: { readonly round: number; readonly rounds: number };
  /** Files that the release has beside its texts. */
  readonly files: readonly DescribedFile[];
  /** Formats that cannot hold the model, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

/** One line of `metrics.csv`: a figure of a site's patients, or of all of them together (`site` is undefined). */
export interface Figure {
  /** The checkpoint that was measured; 0 is the base unchanged. Of a model that a site trained alone, the last round. */
  readonly round: number;
  readonly site: string | undefined;
  readonly split: "validation" | "test";
  /** `over-earlier`: by how much the federated model is better than the earlier one that the plan names; positive is better. */
  readonly model: "base" | "alone" | "federated" | "earlier" | "over-earlier";
  readonly metric: MetricName;
  /** Null where too few patients were counted, or the figure is undefined for them. */
  readonly value: number | null;
  /** 95 % confidence interval; null for figures out of a sum, which have none. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Patients counted. */
  readonly n: number;
}

/** SHA-256 of what the release was made from, by the names that every format carries. */
export const marksOf = ({
  name,
  version,
  planDigest,
  base,
  view,
  coordinator,
}: Omit<DescribedRelease, "files" | "leftOut">): Readonly<Record<string, string>> => ({
  "engraft.release": `${name} ${version}`,
  "engraft.run": view.run,
  "engraft.plan": planDigest,
  "engraft.base": `${base.manifest.name} ${base.manifest.version}`,
  "engraft.base.manifest": base.digest,
  "engraft.base.weights": base.manifest.weights.digest,
  "engraft.checkpoint": view.checkpoint.digest,
  "engraft.coordinator": coordinator,
});

/** Everything that was measured in the run: validation patients of each checkpoint, then test patients. */
export function figuresOf({ plan, view }: Pick<DescribedRelease, "plan" | "view">): readonly Figure[] {
  const last = view.rounds.findLast(({ checkpoint }) => checkpoint !== null)?.round ?? 0;
  const all = (measured: Measured | null, place: Place): readonly Figure[] =>
    measured === null ? [] : figuresIn(measured, place, plan.metrics.names);
  const model = (round: number) => (round === 0 ? "base" : "federated");
  const compared = ["base", "alone", "federated"] as const;
  const pooled = view.evaluationRound?.sum?.pooled;
  return [
    ...view.curve.flatMap(({ round, sites }) =>
      Object.entries(sites).flatMap(([site, metrics]) => all(metrics, { round, site, split: "validation", model: model(round) })),
    ),
    ...view.pooledCurve.flatMap(({ round, metrics }) => all(metrics, { round, site: undefined, split: "validation", model: model(round) })),
    ...view.comparisons.flatMap((one) =>
      compared.flatMap((which) => all(one[which], { round: which === "base" ? 0 : last, site: one.site, split: "test", model: which })),
    ),
    ...view.comparisons.flatMap(({ site, earlier }) => {
      if (earlier === undefined || earlier === null) return [];
      const place = { round: last, site, split: "test" } as const;
      return [
        ...all(earlier.metrics, { ...place, model: "earlier" }),
        ...all({ n: earlier.metrics.n, values: earlier.over }, { ...place, model: "over-earlier" }),
      ];
    }),
    ...compared.flatMap((which) =>
      all(pooled?.[which] ?? null, { round: which === "base" ? 0 : last, site: undefined, split: "test", model: which }),
    ),
  ];
}

type Place = Pick<Figure, "round" | "site" | "split" | "model">;

interface Measured {
  readonly n: number;
  readonly values: Partial<Record<MetricName, { readonly value: number; readonly low: number; readonly high: number } | null>>;
}

function figuresIn({ n, values }: Measured, place: Place, names: readonly MetricName[]): readonly Figure[] {
  return names
    .filter((metric) => values[metric] !== undefined)
    .map((metric) => {
      const found = values[metric] ?? null;
      // The bounds of a figure out of a sum say how exactly it is known, not how it would vary.
      const interval = found === null || place.site === undefined ? null : ([found.low, found.high] as const);
      return { ...place, metric, value: found?.value ?? null, interval, n };
    });
}

/** Sites whose updates are in the model, in the order of the run. */
export const contributors = ({ view }: Pick<DescribedRelease, "view">): readonly string[] => {
  const counted = new Set(view.rounds.flatMap((round) => round.sum?.sites ?? round.closed?.survivors ?? []));
  return view.sites.filter((site) => counted.has(site));
};

/** Rounds whose checkpoint was written. */
export const finishedRounds = ({ view }: Pick<DescribedRelease, "view">) => view.rounds.filter(({ checkpoint }) => checkpoint !== null);

/** A site's colour, dash and point shape: the same on every screen. Colour is never the only mark. */

export interface Mark {
  readonly color: string;
  readonly dash: readonly number[];
  readonly shape: "circle" | "square" | "triangle" | "diamond";
}

const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3], [5, 2], [1, 3], [12, 3], [6, 2, 1, 2, 1, 2]];
const SHAPES = ["circle", "square", "triangle", "diamond"] as const;

/** `slot`: the site's place among the run's sites in byte order. From the ninth on, marks repeat in grey. */
export function markOf(slot: number): Mark {
  return { color: slot < 8 ? `--c${slot + 1}` : "--text-3", dash: DASHES[slot % 8] ?? [], shape: SHAPES[slot % 4] ?? "circle" };
}

/** The shape's outline around (0, 0), about `r` in radius. */
export function shapePath(shape: Mark["shape"], r: number): string {
  switch (shape) {
    case "circle":
      return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case "square":
      return `M${-r * 0.93} ${-r * 0.93}h${r * 1.86}v${r * 1.86}h${-r * 1.86}z`;
    case "triangle":
      return `M0 ${-r * 1.15}L${r * 1.15} ${r * 0.9}H${-r * 1.15}z`;
    case "diamond":
      return `M0 ${-r * 1.25}L${r * 1.25} 0L0 ${r * 1.25}L${-r * 1.25} 0z`;
    default:
      return shape satisfies never;
  }
}

export function MarkSample({ mark }: { readonly mark: Mark }) {
  const color = `var(${mark.color})`;
  return (
    <svg width="26" height="10" aria-hidden>
      <path d="M0 5H26" stroke={color} strokeWidth="1.75" strokeDasharray={mark.dash.join(" ")} fill="none" />
      <path d={shapePath(mark.shape, 3)} transform="translate(13 5)" fill={color} />
    </svg>
  );
}

export function SiteKey({ site, slot }: { readonly site: string; readonly slot: number }) {
  return (
    <span className="key">
      <MarkSample mark={markOf(slot)} />
      <span className="font-medium">{site}</span>
    </span>
  );
}

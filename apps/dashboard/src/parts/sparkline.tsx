/** A metric's course in a few pixels; the figure beside it is the newest value. */
export function Sparkline({
  values,
  width = 176,
  height = 30,
}: {
  readonly values: readonly number[];
  readonly width?: number;
  readonly height?: number;
}) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const x = (index: number): number => 3 + (values.length < 2 ? 0 : (index / (values.length - 1)) * (width - 8));
  const y = (value: number): number => (high === low ? height / 2 : 4 + (1 - (value - low) / (high - low)) * (height - 8));
  const last = values.at(-1);
  if (last === undefined) return <svg width={width} height={height} aria-hidden />;
  return (
    <svg width={width} height={height} aria-hidden>
      <path
        d={values.map((value, index) => `${index === 0 ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("")}
        fill="none"
        stroke="var(--text)"
        strokeWidth="1.75"
        strokeLinejoin="round"
      />
      <circle cx={x(values.length - 1)} cy={y(last)} r="3" fill="var(--text)" />
    </svg>
  );
}

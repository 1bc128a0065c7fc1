import type { ReactNode } from "react";

/** A label, a figure that keeps its place, and one line of meaning. */
export function Fact({
  label,
  value,
  small,
  under,
}: {
  readonly label: ReactNode;
  readonly value: ReactNode;
  readonly small?: ReactNode;
  readonly under: ReactNode;
}) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <div className="v">
          {value}
          {small !== undefined && <small> {small}</small>}
        </div>
        <div className="x">{under}</div>
      </dd>
    </div>
  );
}

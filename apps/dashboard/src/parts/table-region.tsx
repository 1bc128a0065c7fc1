import type { ReactNode } from "react";

interface TableRegionProps {
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** Where a table, or its text, is wider or longer than its place, it scrolls there, by keys too. */
export function TableRegion({ label, className = "", children }: TableRegionProps) {
  return (
    <div className={`scroll relative ${className}`.trim()} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

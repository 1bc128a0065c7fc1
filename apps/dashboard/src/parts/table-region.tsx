import type { ReactNode } from "react";

interface RegionProps {
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** Where a table, or its text, is wider or longer than its place, it scrolls there, by keys too. */
export function TableRegion({ label, className = "", children }: RegionProps) {
  return (
    <div className={`scroll relative ${className}`.trim()} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

interface TableProps extends RegionProps {
  /** For screen readers; what stands around the table says it to the eye. */
  readonly caption: string;
  /** Classes of the table itself. */
  readonly table?: string | undefined;
}

/** A table in a place of its own that scrolls: head and body are its children. */
export function ScrollTable({ caption, table = "dense", children, ...region }: TableProps) {
  return (
    <TableRegion {...region}>
      <table className={table}>
        <caption className="sr-only">{caption}</caption>
        {children}
      </table>
    </TableRegion>
  );
}

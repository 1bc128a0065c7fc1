import { cva, type VariantProps } from "class-variance-authority";
import type { ReactNode } from "react";

const chipClass = cva("chip", {
  variants: { tone: { neutral: "", ok: "ok", warn: "warn", bad: "bad", info: "info" } },
  defaultVariants: { tone: "neutral" },
});

export type Tone = NonNullable<VariantProps<typeof chipClass>["tone"]>;

export function Chip({ tone, icon, children }: { readonly tone?: Tone; readonly icon?: ReactNode; readonly children: ReactNode }) {
  return (
    <span className={chipClass({ tone })}>
      {icon}
      {children}
    </span>
  );
}

const noteClass = cva("note", {
  variants: { tone: { neutral: "", ok: "ok", warn: "warn", bad: "bad", info: "info" }, edge: { true: "edge" } },
});

export function Note({
  tone = "neutral",
  icon,
  edge,
  role,
  children,
}: {
  readonly tone?: Tone;
  readonly icon?: ReactNode;
  readonly edge?: boolean;
  readonly role?: "alert" | "status" | "note";
  readonly children: ReactNode;
}) {
  return (
    <div className={noteClass({ tone, edge })} role={role}>
      {icon}
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  );
}

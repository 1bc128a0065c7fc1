import { useId, type ReactNode } from "react";

interface CardProps {
  readonly title: ReactNode;
  /** Small words beside the title. */
  readonly aside?: ReactNode;
  readonly end?: ReactNode;
  readonly footer?: ReactNode;
  readonly className?: string;
  /** Padding around the content; lists and tables bring their own. */
  readonly padded?: boolean;
  readonly children: ReactNode;
}

/** A named region: its title is the region's name for screen readers and tests. */
export function Card({ title, aside, end, footer, className = "", padded = false, children }: CardProps) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <span className="text-12 text-fg-3">{aside}</span>}
        {end !== undefined && <div className="end">{end}</div>}
      </header>
      {padded ? <div className="in">{children}</div> : children}
      {footer !== undefined && <footer>{footer}</footer>}
    </section>
  );
}

export function PageHead({
  title,
  chips,
  under,
  actions,
}: {
  readonly title: ReactNode;
  readonly chips?: ReactNode;
  readonly under?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <div className="flex flex-wrap items-start justify-between gap-3">
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <h1>{title}</h1>
          {chips}
        </div>
        {under !== undefined && <div className="links text-fg-2">{under}</div>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </div>
  );
}

"use client";
import { TriangleAlert } from "lucide-react";
import { useId, type ComponentProps, type ReactNode } from "react";

interface Wrapped {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What to enter; shown at the field and read with it. */
  readonly wrong?: string | undefined;
}

function useField(wrong: string | undefined, hint: ReactNode) {
  const id = useId();
  const describedBy = [wrong === undefined ? undefined : `${id}-wrong`, hint === undefined ? undefined : `${id}-hint`]
    .filter((part) => part !== undefined)
    .join(" ");
  return {
    id,
    attributes: { id, "aria-invalid": wrong !== undefined, ...(describedBy === "" ? {} : { "aria-describedby": describedBy }) },
  };
}

function Around({ id, label, hint, wrong, children }: Wrapped & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {wrong !== undefined && (
        <p className="wrong" id={`${id}-wrong`}>
          <TriangleAlert aria-hidden />
          {wrong}
        </p>
      )}
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, wrong, ...rest }: Wrapped & ComponentProps<"input">) {
  const { id, attributes } = useField(wrong, hint);
  return (
    <Around id={id} label={label} hint={hint} wrong={wrong}>
      <input className="input" {...rest} {...attributes} />
    </Around>
  );
}

export function AreaField({ label, hint, wrong, ...rest }: Wrapped & ComponentProps<"textarea">) {
  const { id, attributes } = useField(wrong, hint);
  return (
    <Around id={id} label={label} hint={hint} wrong={wrong}>
      <textarea className="input" {...rest} {...attributes} />
    </Around>
  );
}

export function SelectField({ label, hint, wrong, children, ...rest }: Wrapped & ComponentProps<"select">) {
  const { id, attributes } = useField(wrong, hint);
  return (
    <Around id={id} label={label} hint={hint} wrong={wrong}>
      <select className="input" {...rest} {...attributes}>
        {children}
      </select>
    </Around>
  );
}

interface CheckProps {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  /** Read with the label. */
  readonly hint?: ReactNode;
}

export function Check({ label, checked, onChange, hint }: CheckProps) {
  const id = useId();
  return (
    <div className="grid content-start gap-0.5">
      <label className="flex min-h-6 items-start gap-2">
        <input
          type="checkbox"
          className="mt-0.5 size-4 flex-none accent-(--accent)"
          checked={checked}
          onChange={(event) => onChange(event.target.checked)}
          {...(hint === undefined ? {} : { "aria-describedby": id })}
        />
        {label}
      </label>
      {hint !== undefined && (
        <div className="hint pl-6" id={id}>
          {hint}
        </div>
      )}
    </div>
  );
}

/** A problem of a group of fields, where no single one can hold it. */
export function GroupWrong({ children, id }: { readonly children: string | undefined; readonly id?: string }) {
  if (children === undefined) return null;
  return (
    <p className="wrong mt-1" role="alert" id={id}>
      <TriangleAlert aria-hidden />
      {children}
    </p>
  );
}

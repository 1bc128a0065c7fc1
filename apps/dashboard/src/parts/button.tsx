"use client";
import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps, ReactNode } from "react";

export const buttonClass = cva("btn", {
  variants: { kind: { plain: "", primary: "p", danger: "d", ghost: "g" }, size: { normal: "", small: "sm" }, icon: { true: "i" } },
  defaultVariants: { kind: "plain", size: "normal" },
});

type Look = VariantProps<typeof buttonClass>;

interface ButtonProps extends Omit<ComponentProps<"button">, "disabled">, Look {
  /** Words shown while the action runs; the button then does nothing. */
  readonly busy?: string | false | undefined;
  /** Why the button does nothing now; say it in view as well and name that element in `aria-describedby`. */
  readonly blocked?: boolean | undefined;
  readonly children?: ReactNode;
}

/** Stays focusable when it does nothing, so that a screen reader can reach the reason. */
export function Button({
  kind,
  size,
  icon,
  busy = false,
  blocked = false,
  className,
  children,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  const idle = busy !== false || blocked;
  return (
    <button
      {...rest}
      type={idle ? "button" : type}
      className={buttonClass({ kind, size, icon, className })}
      aria-disabled={idle || undefined}
      onClick={idle ? undefined : onClick}
    >
      {busy === false ? children : busy}
    </button>
  );
}

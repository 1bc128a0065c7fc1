"use client";
import { useId, type ReactNode } from "react";

interface ChoiceProps {
  /** The same for all that exclude each other. */
  readonly group: string;
  readonly label: string;
  readonly icon?: ReactNode;
  readonly tone?: string;
  /** Read with the label. */
  readonly says: string;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

/** One of a few that differ so much that each says what it means. */
export function Choice({ group, label, icon, tone = "", says, chosen, onChoose }: ChoiceProps) {
  const id = useId();
  return (
    <div className="choice">
      <input
        type="radio"
        id={id}
        name={group}
        className="mt-1 size-4 flex-none accent-(--accent)"
        checked={chosen}
        onChange={onChoose}
        aria-describedby={`${id}-words`}
      />
      <div className="min-w-0">
        <label htmlFor={id} className={`flex items-center gap-1.5 font-semibold ${tone}`}>
          {icon}
          {label}
        </label>
        <p className="text-12 text-fg-2" id={`${id}-words`}>
          {says}
        </p>
      </div>
    </div>
  );
}

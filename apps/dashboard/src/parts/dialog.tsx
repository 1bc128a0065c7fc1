"use client";
import { X } from "lucide-react";
import { AlertDialog, Dialog as RadixDialog } from "radix-ui";
import type { ReactNode, RefObject } from "react";
import { useWords } from "../words/language.ts";
import { partWords } from "../words/parts.ts";
import { Button } from "./button.tsx";

interface DialogProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly under: ReactNode;
  readonly trigger?: ReactNode;
  /** Gets the focus back where there is no trigger. */
  readonly opener?: RefObject<HTMLElement | null>;
  readonly children: ReactNode;
}

/** Focus is held inside, Esc closes, focus returns. */
export function Dialog({ open, onOpenChange, title, under, trigger, opener, children }: DialogProps) {
  const words = useWords(partWords);
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      {trigger !== undefined && <RadixDialog.Trigger asChild>{trigger}</RadixDialog.Trigger>}
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="scrim" />
        <RadixDialog.Content
          className="dialog"
          onCloseAutoFocus={(event) => {
            if (opener === undefined) return;
            event.preventDefault();
            opener.current?.focus();
          }}
        >
          <header>
            <div className="min-w-0 flex-1">
              <RadixDialog.Title className="text-16">{title}</RadixDialog.Title>
              <RadixDialog.Description className="text-fg-2">{under}</RadixDialog.Description>
            </div>
            <RadixDialog.Close asChild>
              <Button kind="ghost" icon size="small" aria-label={words.close}>
                <X size={16} aria-hidden />
              </Button>
            </RadixDialog.Close>
          </header>
          {children}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

interface ConfirmProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly children: ReactNode;
  /** The action, a verb with its object; and what leaves everything as it is. */
  readonly action: string;
  readonly keep: string;
  readonly busy: string | false;
  readonly onConfirm: () => void;
  readonly trigger: ReactNode;
}

/** Asks before something that cannot be undone. The danger stands at the left, the safe way at the right and in focus. */
export function Confirm({ open, onOpenChange, title, children, action, keep, busy, onConfirm, trigger }: ConfirmProps) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Trigger asChild>{trigger}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="scrim" />
        <AlertDialog.Content className="dialog">
          <header>
            <AlertDialog.Title>{title}</AlertDialog.Title>
          </header>
          <div className="in">
            <AlertDialog.Description asChild>
              <div className="grid gap-3">{children}</div>
            </AlertDialog.Description>
          </div>
          <footer>
            <Button kind="danger" busy={busy} onClick={onConfirm}>
              {action}
            </Button>
            <AlertDialog.Cancel asChild>
              <Button kind="primary">{keep}</Button>
            </AlertDialog.Cancel>
          </footer>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

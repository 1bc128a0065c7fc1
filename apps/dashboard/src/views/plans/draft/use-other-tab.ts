"use client";
import { useEffect, useEffectEvent } from "react";

/** Where a draft is open in two tabs, each shows what was typed last in either: what one keeps would else replace the other's. */
export function useOtherTab(key: string, onChange: () => void): void {
  const heard = useEffectEvent(({ key: changed, storageArea }: StorageEvent): void => {
    if (changed === key && storageArea === localStorage) onChange();
  });
  useEffect(() => {
    addEventListener("storage", heard);
    return () => removeEventListener("storage", heard);
  }, []);
}

"use client";
import { shiftWord } from "@engraft/core/models/summary/shift";
import { useWords } from "../../../words/language.ts";
import { shiftWords } from "./words.ts";

/** A population stability index with its word: "0.31, large". */
export function ShiftText({ psi }: { readonly psi: number }) {
  const { size } = useWords(shiftWords);
  return `${psi.toFixed(2)}, ${size[shiftWord(psi)]}`;
}

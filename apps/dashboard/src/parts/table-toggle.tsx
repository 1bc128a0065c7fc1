"use client";
import { Table2 } from "lucide-react";
import { useWords } from "../words/language.ts";
import { partWords } from "../words/parts.ts";
import { Button } from "./button.tsx";

/** Each chart can be read as a table. */
export function TableToggle({ table, onTable }: { readonly table: boolean; readonly onTable: (table: boolean) => void }) {
  const words = useWords(partWords);
  return (
    <Button size="small" aria-pressed={table} onClick={() => onTable(!table)}>
      <Table2 size={14} aria-hidden />
      {table ? words.asChart : words.asTable}
    </Button>
  );
}

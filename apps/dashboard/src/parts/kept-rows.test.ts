import { createColumnHelper, createTable, getSortedRowModel } from "@tanstack/react-table";
import { expect, it } from "vitest";
import { keptRows } from "./kept-rows.ts";

interface Site {
  readonly name: string;
  readonly patients: number;
}
const column = createColumnHelper<Site>();
const [graz, linz, wien] = [
  { name: "graz", patients: 40 },
  { name: "linz", patients: 40 },
  { name: "wien", patients: 7 },
];
const columns = [column.accessor("patients", {})];
const tableOf = (data: Site[]) =>
  createTable<Site>({
    data,
    columns,
    state: { sorting: [{ id: "patients", desc: true }], columnPinning: { left: [], right: [] } },
    onStateChange: () => undefined,
    renderFallbackValue: null,
    getCoreRowModel: keptRows(({ name }) => name),
    getSortedRowModel: getSortedRowModel(),
  });
const names = (table: ReturnType<typeof tableOf>): readonly string[] => table.getRowModel().rows.map(({ id }) => id);

it("keeps the rows that it knows, sorts new ones among them, and equal ones as they were given", () => {
  const table = tableOf([linz, wien]);
  const before = table.getCoreRowModel().rowsById;
  expect(names(table)).toEqual(["linz", "wien"]);
  table.setOptions((options) => ({ ...options, data: [graz, linz, wien] }));
  expect(names(table)).toEqual(["graz", "linz", "wien"]);
  expect(table.getCoreRowModel().rowsById["linz"]).toBe(before["linz"]);
});

it("reads a row anew where the columns have changed", () => {
  const table = tableOf([graz, wien]);
  expect(table.getRowModel().rows.map((row) => row.getValue("patients"))).toEqual([40, 7]);
  const other = [column.accessor(({ patients }) => -patients, { id: "patients" })];
  table.setOptions((options) => ({ ...options, columns: other }));
  expect(table.getRowModel().rows.map((row) => row.getValue("patients"))).toEqual([-7, -40]);
});

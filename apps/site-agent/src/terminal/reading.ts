/** A bar on stderr while a table is read. */
import { Presets, SingleBar } from "cli-progress";
import type { OnRead } from "@engraft/engine/data/sources/row";

/** Per cent where the table's size is known, else a number of rows. Only shown in a terminal. */
export function showReading(name: string): { readonly show: OnRead; readonly close: () => void } {
  let bar: SingleBar | undefined;
  let counted = 0;
  const format = (known: boolean): string => (known ? "  reading {name} {bar} {percentage} %" : "  reading {name}, {value} rows");
  return {
    show: ({ done, total }) => {
      // Rows first; then the files that they name.
      if (total !== counted) bar?.stop();
      if (bar === undefined || total !== counted) {
        counted = total;
        bar = new SingleBar({ format: format(total > 0), stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
        bar.start(total, done, { name });
      }
      bar.update(done);
    },
    close: () => bar?.stop(),
  };
}

/** Keys and state live outside the program's folder: an upgrade replaces that. */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** `program` is the folder of the installation, of which this package is a part. */
export function isInside(folder: string, program: string): boolean {
  const way = relative(resolve(program), resolve(folder));
  return way === "" || (way.split(sep)[0] !== ".." && !isAbsolute(way));
}

const PROGRAM = fileURLToPath(new URL("../../../", import.meta.url));

/** A line for whoever starts a program with its data inside the program's own folder; undefined where it is elsewhere. */
export const insideProgram = (folder: string, flag: string): string | undefined =>
  isInside(folder, PROGRAM)
    ? `${resolve(folder)} lies inside the program's folder, which an upgrade may replace together with the keys. Name another one with ${flag}.`
    : undefined;

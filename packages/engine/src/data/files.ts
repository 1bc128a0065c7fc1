/** The files that a table's rows name: each once, none outside the declared folder, and whether they are what the plan says. */
import { existsSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import type { Field, SignalField } from "@engraft/core/models/fields";
import type { FindingKind } from "./findings.ts";
import { RecordingFault } from "./recordings/recording.ts";
import { RecordingReader, type SampleFile } from "./signals.ts";

export class FileList {
  readonly #folder: string;
  readonly #root: string;
  readonly #rate: number | undefined;
  readonly #files: SampleFile[] = [];
  /** By name and time. */
  readonly #known = new Map<string, number | FindingKind>();

  constructor(folder: string, rate: number | undefined) {
    this.#folder = resolve(folder);
    this.#root = existsSync(this.#folder) ? realpathSync(this.#folder) : this.#folder;
    this.#rate = rate;
  }

  /** Its index. Only files of the declared folder: a table is an export, and may have been written by anybody. `at`: the beat, in seconds. */
  add(name: string, at?: number): number | FindingKind {
    const key = at === undefined ? name : `${name}\0${at}`;
    const known = this.#known.get(key) ?? this.#new(name, at);
    this.#known.set(key, known);
    return known;
  }

  #new(name: string, at: number | undefined): number | FindingKind {
    const path = resolve(this.#folder, name);
    if (!path.startsWith(this.#folder + sep)) return "file-elsewhere";
    // Tables of WFDB records name them without the ending of the header.
    const found = [path, `${path}.hea`].find((one) => existsSync(one));
    if (found === undefined) return "file-missing";
    if (!realpathSync(found).startsWith(this.#root + sep)) return "file-elsewhere";
    const file = { path: found, folder: this.#folder, ...(at === undefined ? {} : { at }) };
    return this.#files.push(this.#rate === undefined ? file : { ...file, rate: this.#rate }) - 1;
  }

  list(): readonly SampleFile[] {
    return this.#files;
  }
}

interface Looked {
  /** Why the file is no sample; undefined where it is one. */
  readonly fault?: FindingKind;
  /** What is said of it otherwise. */
  readonly notes: readonly FindingKind[];
}

/** Looks at one file after the other. Of a picture only the head is looked at; a recording is read whole. */
export function fileChecker(field: Field): (file: SampleFile) => Promise<Looked> {
  if (field.kind === "signal") return recordingChecker(field);
  return async ({ path }) => {
    const { isPicture } = await import("./pictures.ts");
    return (await isPicture(path)) ? { notes: [] } : { fault: "unreadable-file", notes: [] };
  };
}

function recordingChecker(field: SignalField): (file: SampleFile) => Promise<Looked> {
  const reader = new RecordingReader(field);
  return async (file) => {
    try {
      await reader.sample(file);
      const { empty, resampled } = await reader.prepared(file);
      const notes: readonly FindingKind[] = [
        ...(empty.length > 0 ? ["lead-left-empty" as const] : []),
        ...(resampled ? ["other-rate" as const] : []),
      ];
      return { notes };
    } catch (error) {
      if (!(error instanceof RecordingFault)) throw error;
      return { fault: error.kind, notes: [] };
    }
  };
}

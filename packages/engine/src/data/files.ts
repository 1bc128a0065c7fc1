/** The files that a table's rows name: each once, none outside the declared folder, and whether they are what the plan says. */
import { existsSync, realpathSync } from "node:fs";
import { resolve, sep } from "node:path";
import { inTurns } from "../base/in-turns.ts";
import type { Field, ImageField, SignalField } from "@engraft/core/models/fields";
import type { FindingKind } from "./findings.ts";
import type { FolderIndex } from "./images/folder-index.ts";
import { RecordingFault } from "./recordings/recording.ts";
import { RecordingReader, type SampleFile } from "./signals.ts";
import type { OnRead } from "./sources/row.ts";

export class FileList {
  readonly #folder: string;
  readonly #root: string;
  readonly #rate: number | undefined;
  readonly #index: FolderIndex | undefined;
  readonly #files: SampleFile[] = [];
  /** By name and time. */
  readonly #known = new Map<string, number | FindingKind>();

  /** `index`: where rows name their files by a number that is in them, instead of by a path. */
  constructor(folder: string, rate: number | undefined, index?: FolderIndex) {
    this.#folder = resolve(folder);
    this.#root = existsSync(this.#folder) ? realpathSync(this.#folder) : this.#folder;
    this.#rate = rate;
    this.#index = index;
  }

  /** Its index. Only files of the declared folder: a table is an export, and may have been written by anybody. `at`: the beat, in seconds. */
  add(name: string, at?: number): number | FindingKind {
    const key = at === undefined ? name : `${name}\0${at}`;
    const known = this.#known.get(key) ?? this.#new(name, at);
    this.#known.set(key, known);
    return known;
  }

  #new(name: string, at: number | undefined): number | FindingKind {
    if (this.#index !== undefined && !this.#index.has(name)) return "file-missing";
    const named = this.#index === undefined ? name : this.#index.get(name);
    if (named === undefined) return "ambiguous-file";
    const path = resolve(this.#folder, named);
    if (!path.startsWith(this.#folder + sep)) return "file-elsewhere";
    // Tables of WFDB records name them without the ending of the header.
    const found = [path, `${path}.hea`].find((one) => existsSync(one));
    if (found === undefined) return "file-missing";
    if (!realpathSync(found).startsWith(this.#root + sep)) return "file-elsewhere";
    const file: SampleFile = { path: found, folder: this.#folder, ...(at === undefined ? {} : { at }) };
    return this.#files.push(this.#rate === undefined ? file : { ...file, rate: this.#rate }) - 1;
  }

  list(): readonly SampleFile[] {
    return this.#files;
  }
}

export interface Looked {
  /** Why the file is no sample; undefined where it is one. */
  readonly fault?: FindingKind;
  /** What is said of it otherwise. */
  readonly notes: readonly FindingKind[];
}

interface FileChecker {
  /** One file after the other; `index` is that of the list. */
  readonly look: (file: SampleFile, index: number) => Promise<Looked>;
  /** What is only seen beside all others. */
  readonly afterAll: () => readonly { readonly index: number; readonly note: FindingKind }[];
}

/** Pictures looked at together: while one is decoded, the next are read. */
const PICTURES_AT_ONCE = 4;

export interface Files {
  /** Why a file is no sample, by its index. */
  readonly bad: ReadonlyMap<number, FindingKind>;
  readonly notes: readonly { readonly index: number; readonly note: FindingKind }[];
}

/** Looks at each file that rows name. */
export async function lookAtFiles(files: readonly SampleFile[], field: Field, pictures: boolean, onRead?: OnRead): Promise<Files> {
  const checker = fileChecker(field, pictures);
  if (checker === undefined) return { bad: new Map(), notes: [] };
  const seen: Looked[] = [];
  let done = 0;
  await inTurns([...files.entries()], field.kind === "image" ? PICTURES_AT_ONCE : 1, async ([index, file]) => {
    seen[index] = await checker.look(file, index);
    onRead?.({ done: ++done, total: files.length });
  });
  const bad = new Map(seen.flatMap(({ fault }, index) => (fault === undefined ? [] : [[index, fault] as const])));
  const notes = seen.flatMap((looked, index) => looked.notes.map((note) => ({ index, note })));
  return { bad, notes: [...notes, ...checker.afterAll()] };
}

/**
 * Reads every recording whole. Pictures are read where `pictures` says so, for the data check; training leaves out those that it cannot
 * decode itself, so that none is decoded twice.
 */
function fileChecker(field: Field, pictures: boolean): FileChecker | undefined {
  if (field.kind === "signal") return { look: recordingChecker(field), afterAll: () => [] };
  if (field.kind === "image" && pictures) return pictureChecker(field);
  return undefined;
}

function pictureChecker(field: ImageField): FileChecker {
  // Loaded late: sharp is large.
  const loaded = import("./images/look.ts").then(({ PictureLook }) => new PictureLook(field));
  let used: Awaited<typeof loaded> | undefined;
  return {
    look: async (file, index) => (used ??= await loaded).look(index, file),
    afterAll: () => used?.inverted().map((index) => ({ index, note: "inverted-picture" as const })) ?? [],
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

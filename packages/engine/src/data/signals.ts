/** Samples of recordings, as a plan's field and a base's rule want them. */
import { sha256 } from "@engraft/core/crypto/digest";
import type { Digest } from "@engraft/core/base/ids";
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import type { SignalField } from "@engraft/core/models/fields";
import type { InputRule } from "@engraft/core/models/manifest";
import { FilesOnDisk } from "./recordings/bytes.ts";
import { openRecording } from "./recordings/open.ts";
import { prepare, windowOf, type Prepared } from "./recordings/prepare.ts";
import { RecordingFault, unreadable } from "./recordings/recording.ts";

export type SignalRule = Extract<InputRule, { readonly kind: "signal" }>;

/** Points in time of one sample. */
export const signalLength = ({ rate, seconds }: Pick<SignalField, "rate" | "seconds">): number => Math.round(rate * seconds);

/** A file that a row of a table names, or a stretch of it. */
export interface SampleFile {
  readonly path: string;
  /** The declared folder: nothing outside it is read. */
  readonly folder: string;
  /** Of a beat: seconds from the recording's start. */
  readonly at?: number;
  /** Declared for CSV, which does not say it: points per second. */
  readonly rate?: number;
}

interface Kept {
  readonly path: string;
  prepared?: Promise<Prepared>;
  content?: Promise<string>;
}

/** Reads samples one after the other. The last recording is kept: the beats of one stand together in a table. */
export class RecordingReader {
  readonly #field: SignalField;
  #kept: Kept | undefined;
  /** One recording is in work at a time, however many samples are asked for: memory holds one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(field: SignalField) {
    this.#field = field;
  }

  /** Changes with everything in the files that a sample depends on. Throws `RecordingFault`. */
  digest({ path, folder, at, rate }: SampleFile): Promise<Digest> {
    return this.#next(async () => {
      const kept = this.#keep(path);
      kept.content ??= this.#opened({ path, folder, rate }, async (files) => files.digest());
      return sha256(canonicalJson({ content: await kept.content, at: at ?? null, rate: rate ?? null }));
    });
  }

  /** The whole recording that a sample is of. Throws `RecordingFault`. */
  prepared({ path, folder, rate }: SampleFile): Promise<Prepared> {
    return this.#next(() => {
      const kept = this.#keep(path);
      return (kept.prepared ??= this.#opened({ path, folder, rate }, (_, recording) => prepare(recording, this.#field)));
    });
  }

  /** leads x points in the field's unit, zeros where a lead is filled. Throws `RecordingFault`. */
  async sample(file: SampleFile): Promise<Float32Array> {
    const { rate, beats } = this.#field;
    const start = beats === undefined || file.at === undefined ? 0 : Math.round((file.at - beats.before) * rate);
    return windowOf(await this.prepared(file), start, signalLength(this.#field));
  }

  #keep(path: string): Kept {
    if (this.#kept?.path !== path) this.#kept = { path };
    return this.#kept;
  }

  async #opened<T>(
    { path, folder, rate }: { readonly path: string; readonly folder: string; readonly rate: number | undefined },
    use: (files: FilesOnDisk, recording: Awaited<ReturnType<typeof openRecording>>) => Promise<T>,
  ): Promise<T> {
    const files = await FilesOnDisk.open(path, folder);
    try {
      return await use(files, await openRecording(files, { rate, unit: this.#field.unit }));
    } catch (error) {
      throw error instanceof RecordingFault ? error : unreadable("a recording that cannot be read");
    } finally {
      await files.close();
    }
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** One sample, leads x points, normalised. Throws `data-invalid`. */
export async function signalSample(reader: RecordingReader, file: SampleFile, rule: SignalRule): Promise<Float32Array> {
  const [sample, { leads }] = await usable(Promise.all([reader.sample(file), reader.prepared(file)]));
  const length = sample.length / leads.length;
  leads.forEach((lead, index) => {
    // An empty lead is zeros before and after.
    if (lead === undefined) return;
    const [mean, sd] = [rule.mean[index] as number, rule.sd[index] as number];
    for (let at = index * length; at < (index + 1) * length; at++) sample[at] = ((sample[at] as number) - mean) / sd;
  });
  return sample;
}

export const usable = <T>(reading: Promise<T>): Promise<T> =>
  reading.catch((cause: unknown) => {
    if (!(cause instanceof RecordingFault)) throw cause;
    throw new EngraftError(
      "data-invalid",
      "A recording cannot be read. Run `engraft-site data check`, which says in which line it is named.",
      { cause },
    );
  });

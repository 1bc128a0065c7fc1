/** The one number by which a row of a table may name its picture, read from the start of a file. */
import { constants, inflateRawSync } from "node:zlib";
import dicomParser, { type DataSet } from "dicom-parser";

/** DICOM PS3.6: what each way of matching reads. */
const TAGS = { "accession-number": "x00080050", "sop-instance-uid": "x00080018" } as const;
export type MatchTag = keyof typeof TAGS;

/** Room for what is unpacked of a deflated file's start. */
const MAX_START = 64 * 1024 * 1024;

/** Undefined where the bytes end before the element does; null where the file has none. */
export function matchValue(bytes: Uint8Array, match: MatchTag, whole: boolean): string | null | undefined {
  const tag = TAGS[match];
  const data = startOf(bytes, tag);
  const element = data?.elements[tag];
  if (data === undefined || element === undefined) {
    // Elements are in the order of their tags: behind its place there is none.
    const passed = data !== undefined && Object.keys(data.elements).some((other) => other > tag);
    return whole || passed ? null : undefined;
  }
  if (element.dataOffset + element.length > data.byteArray.length) return whole ? null : undefined;
  return data.string(tag)?.trim() || null;
}

/** What could be parsed. */
function startOf(bytes: Uint8Array, tag: string): DataSet | undefined {
  const inflater = (all: Uint8Array, position: number): Uint8Array => {
    const rest = inflateRawSync(all.subarray(position), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_START });
    return Buffer.concat([all.subarray(0, position), rest]);
  };
  try {
    return dicomParser.parseDicom(bytes, { untilTag: tag, inflater });
  } catch (error) {
    return (error as Partial<{ dataSet: DataSet }>).dataSet;
  }
}

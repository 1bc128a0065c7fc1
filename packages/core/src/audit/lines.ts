/** Bytes of an audit file as lines. */
/** Far above any entry; what is longer is no line of ours. */
const LONGEST = 1_048_576;
const NEWLINE = 10;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return "";
  }
}

/**
 * Each line with its line feed, in order; the last one without where the file does not end with one. A line that is not UTF-8, or
 * longer than a mebibyte, comes as an empty text, which is no line of an audit file.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      rest.push(bytes.subarray(from, at + 1));
      yield length + at + 1 - from > LONGEST ? "" : textOf(Buffer.concat(rest));
      [rest, length, from] = [[], 0, at + 1];
    }
    length += bytes.length - from;
    // What is too long already need not be kept.
    rest = length > LONGEST ? [] : [...rest, Buffer.from(bytes.subarray(from))];
  }
  if (length > 0) yield length > LONGEST ? "" : textOf(Buffer.concat(rest));
}

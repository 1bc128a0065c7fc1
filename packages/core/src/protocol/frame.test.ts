import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, toHex } from "../base/bytes.ts";
import { FRAME_DATA, FRAME_HEADER, decodeFrame, encodeFrame } from "./frame.ts";

describe("binary frames", () => {
  it("have exactly this layout", () => {
    const bytes = encodeFrame({ transfer: 0x01020304, offset: 0x0500000006, data: Uint8Array.of(0xaa, 0xbb) });
    expect(toHex(bytes)).toBe(["01", "01", "0000", "04030201", "0600000005000000", "aabb"].join(""));
  });

  it("are read back, at any offset of a buffer", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.maxSafeNat(),
        fc.uint8Array({ minLength: 1, maxLength: 50 }),
        fc.nat(9),
        (transfer, big, data, shift) => {
          const offset = big % 2 ** 40;
          const bytes = concat([new Uint8Array(shift), encodeFrame({ transfer, offset, data })]).subarray(shift);
          expect(decodeFrame(bytes)).toEqual({ ok: true, frame: { transfer, offset, data } });
        },
      ),
    );
  });

  it("[W5] any other header or length is refused", () => {
    const good = encodeFrame({ transfer: 1, offset: 0, data: Uint8Array.of(1) });
    for (let bit = 0; bit < 32; bit++) {
      const flipped = Uint8Array.from(good);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeFrame(flipped)).toMatchObject({ ok: false, code: "bad-message" });
    }
    const refused = [
      new Uint8Array(),
      good.subarray(0, FRAME_HEADER),
      encodeFrame({ transfer: 1, offset: 2 ** 40 + 1, data: Uint8Array.of(1) }),
      encodeFrame({ transfer: 1, offset: 0, data: new Uint8Array(FRAME_DATA + 1) }),
    ];
    for (const bytes of refused) expect(decodeFrame(bytes)).toMatchObject({ ok: false, code: "bad-message" });
    expect(decodeFrame(encodeFrame({ transfer: 1, offset: 0, data: new Uint8Array(FRAME_DATA) }))).toMatchObject({ ok: true });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import { ACK_EVERY, FRAME_DATA, MAX_OPEN } from "./frame.ts";
import { acknowledge, nextSlice, receive, sent, startReceiving, startSending, type Receiving, type Sending } from "./transfer.ts";

const must = <T>(value: T): Exclude<T, { readonly ok: false }> => {
  if (isRefusal(value)) throw new Error(`refused: ${value.text}`);
  return value as Exclude<T, { readonly ok: false }>;
};
const frame = (offset: number, length: number) => ({ transfer: 1, offset, data: new Uint8Array(length) });

/**
 * Sends `bytes` over links that are cut after the given numbers of frames. A cut loses what is on its way, and of what
 * arrived, all that had not been made durable: the receiver starts again at its last acknowledgement. A whole blob is durable.
 * Returns the ranges that were durably taken.
 */
function transfer(
  bytes: number,
  cuts: readonly number[],
  check: (sending: Sending) => void = () => undefined,
): readonly [number, number][] {
  const taken: [number, number][] = [];
  let durable = 0;
  for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
    let sending = must(startSending(bytes, durable));
    let receiving: Receiving = startReceiving(bytes, durable);
    const pending: [number, number][] = [];
    for (let frames = 0; frames < cut && durable < bytes; frames++) {
      const length = nextSlice(sending);
      if (length <= 0) throw new Error("The sender waits for an acknowledgement that does not come.");
      const took = must(receive(receiving, frame(sending.at, length)));
      pending.push([sending.at, sending.at + length]);
      sending = sent(sending, length);
      check(sending);
      receiving = took.state;
      if (took.ackAt !== undefined || took.complete) {
        taken.push(...pending.splice(0));
        durable = receiving.at;
      }
      if (took.ackAt !== undefined) sending = must(acknowledge(sending, took.ackAt));
      expect(took.complete).toBe(receiving.at === bytes);
    }
  }
  return taken;
}

describe("a transfer", () => {
  it("[T3] takes every byte exactly once, however often it is cut", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 * 1024 * 1024 }), fc.array(fc.nat(60), { maxLength: 8 }), (bytes, cuts) => {
        let at = 0;
        for (const [from, to] of transfer(bytes, cuts)) {
          expect(from).toBe(at);
          at = to;
        }
        expect(at).toBe(bytes);
      }),
    );
  });

  it("[T2] never has more than the window open, whatever the slices and acknowledgements", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ ack: fc.double({ min: 0, max: 1, noNaN: true }) }),
            fc.record({ send: fc.integer({ min: 1, max: FRAME_DATA }) }),
          ),
          { maxLength: 400 },
        ),
        (steps) => {
          let sending = must(startSending(100 * 1024 * 1024, 0));
          for (const step of steps) {
            if ("send" in step) sending = sent(sending, Math.min(step.send, nextSlice(sending)));
            else sending = must(acknowledge(sending, sending.acknowledged + Math.floor(step.ack * (sending.at - sending.acknowledged))));
            expect(sending.at - sending.acknowledged).toBeLessThanOrEqual(MAX_OPEN);
            expect(nextSlice(sending)).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
    transfer(50 * 1024 * 1024, [], (sending) => expect(sending.at - sending.acknowledged).toBeLessThanOrEqual(MAX_OPEN));
  });

  it("[T2] a full window always has an acknowledgement on its way", () => {
    let sending = must(startSending(MAX_OPEN * 2, 0));
    let receiving = startReceiving(MAX_OPEN * 2, 0);
    const acks: number[] = [];
    while (nextSlice(sending) > 0) {
      const took = must(receive(receiving, frame(sending.at, nextSlice(sending))));
      if (took.ackAt !== undefined) acks.push(took.ackAt);
      receiving = took.state;
      sending = sent(sending, nextSlice(sending));
    }
    expect(sending.at).toBe(MAX_OPEN);
    expect(acks).toEqual([ACK_EVERY, 2 * ACK_EVERY]);
  });

  it("[T1] a frame before, after or beyond the expected byte is refused and changes nothing", () => {
    const receiving = startReceiving(1000, 100);
    for (const bad of [frame(99, 10), frame(101, 10), frame(0, 10), frame(100, 901)])
      expect(receive(receiving, bad)).toMatchObject({ ok: false, code: "bad-message" });
    expect(receive(receiving, frame(100, 900))).toMatchObject({ ok: true, complete: true, ackAt: undefined });
  });

  it("[T3] starts from what the receiver holds; nobody asks beyond the end", () => {
    expect(startReceiving(1000, 5000)).toEqual({ bytes: 1000, at: 1000, acknowledged: 1000 });
    expect(startSending(1000, 1001)).toMatchObject({ ok: false, code: "bad-message" });
    expect(nextSlice(must(startSending(1000, 1000)))).toBe(0);
  });

  it("[T1] an acknowledgement of unsent bytes, or one that goes backwards, is refused", () => {
    const sending = sent(must(startSending(1000, 100)), 200);
    expect(acknowledge(sending, 301)).toMatchObject({ ok: false });
    expect(acknowledge(sending, 99)).toMatchObject({ ok: false });
    expect(acknowledge(sending, 300)).toMatchObject({ acknowledged: 300 });
  });
});

/**
 * The arithmetic of one transfer, without I/O. The receiver asks from the byte it holds durably, so a resumed transfer
 * and a new one are the same thing; frames must arrive in order; the sender never has more than MAX_OPEN unacknowledged.
 */
import { refuse, type Refusal } from "../base/errors.ts";
import { ACK_EVERY, FRAME_DATA, MAX_OPEN, type Frame } from "./frame.ts";

export interface Receiving {
  readonly bytes: number;
  /** Next byte expected. */
  readonly at: number;
  readonly acknowledged: number;
}

export const startReceiving = (bytes: number, heldBytes: number): Receiving => ({
  bytes,
  at: Math.min(heldBytes, bytes),
  acknowledged: Math.min(heldBytes, bytes),
});

/** T1: a frame is taken only at exactly the expected offset and never beyond the announced length. */
export function receive(
  state: Receiving,
  frame: Frame,
): { readonly ok: true; readonly state: Receiving; readonly ackAt: number | undefined; readonly complete: boolean } | Refusal {
  if (frame.offset !== state.at) return refuse("bad-message", `Expected byte ${state.at}, got ${frame.offset}.`);
  const at = state.at + frame.data.byteLength;
  if (at > state.bytes) return refuse("bad-message", "More bytes than announced.");
  const complete = at === state.bytes;
  // Nobody waits for the last acknowledgement: the sender is done when everything is sent.
  const ack = !complete && at - state.acknowledged >= ACK_EVERY;
  return {
    ok: true,
    state: { bytes: state.bytes, at, acknowledged: ack ? at : state.acknowledged },
    ackAt: ack ? at : undefined,
    complete,
  };
}

export interface Sending {
  readonly bytes: number;
  readonly at: number;
  readonly acknowledged: number;
}

export const startSending = (bytes: number, offset: number): Sending | Refusal =>
  offset > bytes ? refuse("bad-message", "Asked for bytes beyond the end.") : { bytes, at: offset, acknowledged: offset };

/** T2: length of the next slice to send; 0 where the window is full or everything is sent. */
export const nextSlice = (state: Sending): number => Math.min(FRAME_DATA, state.bytes - state.at, state.acknowledged + MAX_OPEN - state.at);

export const sent = (state: Sending, length: number): Sending => ({ ...state, at: state.at + length });

/** An acknowledgement of bytes that were never sent, or that goes backwards, is refused. */
export const acknowledge = (state: Sending, offset: number): Sending | Refusal =>
  offset > state.at || offset < state.acknowledged
    ? refuse("bad-message", "An acknowledgement that does not fit.")
    : { ...state, acknowledged: offset };

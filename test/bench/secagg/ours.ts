/**
 * A long-lived process that plays one site's part and the coordinator's, one line of JSON in and one out for each repetition.
 * Where all masked vectors would not fit a machine's memory, a few units are timed and multiplied, and the answer says so.
 */
import { createInterface } from "node:readline";
import { applyMask } from "@engraft/core/crypto/mask";
import { encodedWords } from "@engraft/core/secagg/quantize";
import { median } from "../report.ts";
import { announce, federationOf, someUpdate, type Announced, type Federation, type Measured, type Size } from "./federation.ts";
import { coordinatorPart, cpu, receive, sitePart, storedVector } from "./parts.ts";
import { wireBytes } from "./wire.ts";

interface Case {
  readonly federation: Federation;
  readonly others: Announced;
  readonly update: Float32Array;
}

function prepare(size: Size): Case {
  const federation = federationOf(size);
  const update = someUpdate(size.values);
  return { federation, others: announce(federation, update), update };
}

function measure({ federation, others, update }: Case): Measured {
  const stored = storedVector(encodedWords(federation.encoding));
  const site = cpu(() => sitePart(federation, others, update, stored));
  const coordinator = cpu(() => coordinatorPart(federation, others));
  if (Buffer.compare(Buffer.from(coordinator.result.sum.buffer), Buffer.from(others.plain.buffer)) !== 0) {
    throw new Error("the opened sum is not the plain integer sum");
  }
  return { siteMs: site.ms, coordinatorMs: coordinator.ms, bytes: wireBytes(federation, others), derived: false };
}

/** Bytes of masked vectors up to which a case is played whole. */
const WHOLE = 1.2e9;
/** Sites and vectors of the small federation whose units are multiplied. */
const FEW = 4;

/** Cases of the size that is measured now; those of another size are let go, because their vectors are large. */
let known: { readonly size: string; readonly cases: Map<string, Case> } = { size: "", cases: new Map() };

function caseOf(size: Size): Case {
  const key = JSON.stringify(size);
  const found = known.cases.get(key) ?? prepare(size);
  known.cases.set(key, found);
  return found;
}

/**
 * What does not grow with the vector is played whole with one value; of a small federation with the whole vector what
 * grows is taken. The masks and inputs that it has fewer of are timed apart and multiplied.
 */
function derive(size: Size): Measured {
  const few = caseOf({ values: size.values, sites: FEW, dropped: 0 });
  const least = measure(caseOf({ ...size, values: 1 }));
  const fewLeast = measure(caseOf({ values: 1, sites: FEW, dropped: 0 }));
  const vectors = measure(few);
  const mask = maskMs(size.values);
  const input = inputMs(few);
  const survivors = size.sites - size.dropped;
  const masks = survivors + size.dropped * survivors;
  return {
    siteMs: least.siteMs + vectors.siteMs - fewLeast.siteMs + (size.sites - FEW) * mask,
    coordinatorMs: least.coordinatorMs + vectors.coordinatorMs - fewLeast.coordinatorMs + (survivors - FEW) * input + (masks - FEW) * mask,
    bytes: { vector: vectors.bytes.vector, rest: least.bytes.rest },
    derived: true,
  };
}

function maskMs(values: number): number {
  const vector = new Uint32Array(values);
  const key = new Uint8Array(32).fill(7);
  return median(Array.from({ length: 5 }, () => cpu(() => applyMask(vector, key, 1)).ms));
}

const inputMs = ({ federation, others }: Case): number => cpu(() => receive(federation, others)).ms / others.bodies.length;

for await (const line of createInterface({ input: process.stdin })) {
  const size = JSON.parse(line) as Size;
  if (known.size !== line) known = { size: line, cases: new Map() };
  const whole = 4 * size.values * (size.sites - size.dropped) <= WHOLE;
  process.stdout.write(`${JSON.stringify(whole ? measure(caseOf(size)) : derive(size))}\n`);
}

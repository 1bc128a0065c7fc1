"use client";
import { encode } from "uqr";

/** Dark on light in either theme: phones read no other. The quiet zone of 4 modules is the standard's (ISO/IEC 18004). */
const QUIET = 4;

/** A text as a QR code, made here and drawn as one path. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { data, size } = encode(text, { ecc: "L", border: 0 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : []))).join("");
  const side = size + 2 * QUIET;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${side} ${side}`}
      width={side * 3}
      height={side * 3}
      shapeRendering="crispEdges"
      className="max-w-full flex-none"
    >
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

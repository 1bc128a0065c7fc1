import { describe, expect, it } from "vitest";
import { bytesText, countdownText, gainText, lengthText, listed, personText } from "./figures.ts";

describe("figures", () => {
  it.each([
    [0.0449, "+0.045"],
    [-0.02, "−0.020"],
    [0.0004, "0.000"],
    [-0.0004, "0.000"],
  ])("gain %d is written %s", (value, text) => {
    expect(gainText(value)).toBe(text);
  });

  it.each([
    [999, "999 B"],
    [2180, "2.2 KB"],
    [9960, "10 KB"],
    [5_632_036, "5.6 MB"],
    [999_600, "1.0 MB"],
    [2e9, "2.0 GB"],
  ])("%d bytes are written %s", (value, text) => {
    expect(bytesText(value)).toBe(text);
  });

  it.each([
    [420, "0.42 s"],
    [1500, "1.5 s"],
    [12_300, "12 s"],
    [59_700, "60 s"],
    [586_000, "9:46"],
    [11_220_000, "3:07 h"],
  ])("%d ms are written %s", (value, text) => {
    expect(lengthText(value)).toBe(text);
  });

  it.each([
    [-5, "0:00"],
    [900, "0:01"],
    [134_000, "2:14"],
    [11_225_000, "3:07:05"],
  ])("a countdown of %d ms is written %s", (value, text) => {
    expect(countdownText(value)).toBe(text);
  });

  it("lists names as people do", () => {
    expect(listed([])).toBe("");
    expect(listed(["a", "b", "c"])).toBe("a, b and c");
    expect(personText("admin:ada@x.example")).toBe("ada@x.example");
  });
});

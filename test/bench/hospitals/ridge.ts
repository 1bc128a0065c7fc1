/**
 * Ridge heads of one place's samples through the matrix of samples (Saunders et al. 1998), for choosing penalties where inputs are
 * many: far fewer operations than the solver of a round, which never sees samples, needs.
 */
import { solveInPlace } from "@engraft/core/aggregation/cholesky";
import type { Fit } from "./solving.ts";

export const ridgeFit: Fit = ({ rows, width, x, y }, penalties) => {
  const [mean, sd] = [new Float64Array(width), new Float64Array(width)];
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < width; i++) mean[i] = (mean[i] as number) + (x[row * width + i] as number) / rows;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) sd[i] = (sd[i] as number) + ((x[row * width + i] as number) - (mean[i] as number)) ** 2 / rows;
  }
  const scale = sd.map((variance) => (variance > 1e-9 ? 1 / Math.sqrt(variance) : 0));
  const u = Float64Array.from(x, (value, at) => (value - (mean[at % width] as number)) * (scale[at % width] as number));
  const gram = new Float64Array((rows * (rows + 1)) / 2);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++, at++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (u[i * width + k] as number) * (u[j * width + k] as number);
      gram[at] = sum;
    }
  }
  const centre = y.reduce((sum, label) => sum + label, 0) / rows;
  return penalties.map((penalty) => {
    const system = gram.slice();
    for (let i = 0; i < rows; i++) system[(i * (i + 3)) / 2] = (system[(i * (i + 3)) / 2] as number) + penalty;
    const dual = Float64Array.from(y, (label) => label - centre);
    solveInPlace(system, dual);
    const head = new Float64Array(width + 1);
    head[width] = 4 * centre - 2;
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < width; i++)
        head[i] = (head[i] as number) + 4 * (scale[i] as number) * (dual[row] as number) * (u[row * width + i] as number);
    }
    for (let i = 0; i < width; i++) head[width] = head[width] - (head[i] as number) * (mean[i] as number);
    return Float32Array.from(head);
  });
};

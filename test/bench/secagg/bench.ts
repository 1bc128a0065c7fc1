/** `secagg`: what secure aggregation costs; first its computing alone, then whole rounds of real processes. */
import type { BenchOptions } from "../main.ts";
import type { Row } from "../report.ts";
import { benchComputing } from "./computing.ts";
import { benchSecureRounds } from "./rounds.ts";

export async function benchSecagg(options: BenchOptions): Promise<readonly Row[]> {
  return [...(await benchComputing(options)), ...(await benchSecureRounds(options))];
}

/**
 * For tests of crashes only: ENGRAFT_CRASH_AT="point" or "point:n" makes this process kill itself, as by kill -9, when it
 * comes to that point for the nth time. Without the variable nothing happens.
 */
const [wanted, times] = (process.env["ENGRAFT_CRASH_AT"] ?? "").split(/:(?=\d+$)/);
let left = Number(times ?? "1");

export function crashPoint(point: string): void {
  if (point !== wanted) return;
  left -= 1;
  if (left <= 0) process.kill(process.pid, "SIGKILL");
}

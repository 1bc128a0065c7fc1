/** What an alert can be about, in the order in which people choose. */
export const ALERT_KINDS = [
  "storage",
  "run-failed",
  "run-waits",
  "site-away",
  "run-ended",
  "plan-refused",
  "approvals-missing",
  "plan-approved",
  "clock",
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

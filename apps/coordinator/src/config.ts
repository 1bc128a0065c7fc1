/** Settings of the coordinator: flags > ENGRAFT_* > engraft.toml > these defaults. */
import { OtherUrls } from "@engraft/core/protocol/invite";
import * as z from "zod";

/** The least that may be kept: rules for high-risk AI ask for six months of logs (Regulation (EU) 2024/1689, Articles 19 and 26). */
export const LEAST_AUDIT_DAYS = 183;

const Url = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

export const Config = z.object({
  port: z.coerce.number().int().min(0).max(65_535).default(7300),
  host: z.string().min(1).default("127.0.0.1"),
  data: z.string().min(1).default("./engraft-coordinator"),
  /** Address by which browsers and agents reach this coordinator; it is written into invites. */
  publicUrl: Url.optional(),
  /** Further addresses, of coordinators on the same database that stand by; separated by commas. Written into invites too. */
  otherUrls: z
    .string()
    .transform((text) => text.split(",").map((url) => url.trim().replace(/\/+$/, "")))
    .pipe(OtherUrls)
    .optional(),
  /** Where the dashboard process listens. */
  dashboardUrl: Url.optional(),
  databaseUrl: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** How long after its end a run keeps its checkpoints in between and its masked vectors. */
  keepDays: z.coerce.number().min(0).max(36_500).default(30),
  /** How long audit entries are kept; for ever by default. */
  keepAuditDays: z.coerce
    .number()
    .int()
    .min(
      LEAST_AUDIT_DAYS,
      `at least ${LEAST_AUDIT_DAYS} days, because rules for high-risk AI ask for six months of logs; leave it out to keep them for ever`,
    )
    .max(36_500)
    .optional(),
  /** Of the running coordinator, for the commands that ask it. */
  url: Url.default("http://127.0.0.1:7300"),
  /** From one address; more where many sites enrol from behind one proxy. */
  enrolmentsPerMinute: z.coerce.number().int().min(1).max(60_000).default(60),
  /** Mail server for alerts: smtp://user@host:port (STARTTLS) or smtps://. Its password stands in smtpPassword or smtpPasswordFile, not here. */
  smtpUrl: z
    .url({ protocol: /^smtps?$/ })
    .refine((url) => new URL(url).password === "", "put the password into smtp-password-file, or ENGRAFT_SMTP_PASSWORD")
    .optional(),
  smtpPassword: z.string().max(1000).optional(),
  smtpPasswordFile: z.string().min(1).optional(),
  /** Sender of alerts. */
  mailFrom: z.email().default("engraft@localhost.localdomain"),
  /** Hosts, or hosts with ports, inside the network that webhooks may reach, also by http; separated by commas. */
  webhookAllow: z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((host) => host.trim().toLowerCase())
        .filter((host) => host !== ""),
    )
    .default([]),
  /** How long a run waits, a site is away or a clock is wrong before anybody is told. */
  alertAfterSeconds: z.coerce.number().min(0).max(86_400).default(300),
  /** A session ends after so many hours without a request, and so many after signing in. */
  sessionIdleHours: z.coerce.number().min(0.01).max(720).default(12),
  sessionHours: z.coerce.number().min(0.01).max(720).default(72),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
});
export type Config = z.infer<typeof Config>;

import { destination, pino, type Logger } from "pino";

export type { Logger } from "pino";

/** JSON lines on stderr: stdout belongs to results. Fields that could hold a secret are cut out whatever they hold. */
export function openLog(name: string, level: string): Logger {
  const redact = [
    "secret",
    "token",
    "password",
    "invite",
    "cookie",
    "authorization",
    "*.secret",
    "*.token",
    "*.password",
    "*.invite",
    "*.cookie",
    "*.authorization",
  ];
  const out = destination({ fd: 2, sync: true });
  // A full disk behind the log must not end the program: its lines are lost, and come again when there is space.
  out.on("error", () => undefined);
  return pino({ name, level, redact, base: { name } }, out);
}

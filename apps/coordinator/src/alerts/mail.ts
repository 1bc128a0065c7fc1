/** Plain text mails over SMTP. */
import { isIP } from "node:net";
import { EngraftError } from "@engraft/core/base/errors";
import { createTransport } from "nodemailer";

export interface MailSettings {
  /** smtp://user@host:port or smtps://…; undefined where no mail is sent. */
  readonly smtpUrl: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
}

export interface Mail {
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

const LONGEST_SUBJECT = 160;
const PATIENCE_MS = 20_000;

/** Names of sites and plans, notes and reasons come from elsewhere: in one line they stay one line, and no header begins in them. */
export const oneLine = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- control characters are what is meant
    .replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]+/g, " ")
    .trim();

export const subjectOf = (text: string): string => {
  const line = oneLine(text);
  return line.length > LONGEST_SUBJECT ? `${line.slice(0, LONGEST_SUBJECT - 1)}…` : line;
};

const isLocal = (host: string): boolean => host === "localhost" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."));

/** Throws with a reason for admins, in which no password stands. */
export async function sendMail({ smtpUrl, password, from }: MailSettings, { id, to, subject, text }: Mail): Promise<void> {
  if (smtpUrl === undefined)
    throw new EngraftError("bad-config", "No mail server is set. Name one with smtp-url in the coordinator's settings and start it again.");
  const url = new URL(smtpUrl);
  const secure = url.protocol === "smtps:";
  const user = decodeURIComponent(url.username);
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port === "" ? (secure ? 465 : 587) : url.port),
    secure,
    // A password goes over an encrypted line only, unless the server is this machine.
    requireTLS: !secure && user !== "" && !isLocal(url.hostname),
    ...(user === "" ? {} : { auth: { user, pass: password ?? "" } }),
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: subjectOf(subject),
      text,
      messageId: `<${id}@engraft>`,
      headers: { "auto-submitted": "auto-generated", "x-auto-response-suppress": "All" },
    });
  } catch (error) {
    throw new EngraftError("link-lost", mailFault(error as MailFault), { cause: error });
  } finally {
    transport.close();
  }
}

interface MailFault {
  readonly code?: string;
  readonly responseCode?: number;
}

function mailFault({ code, responseCode }: MailFault): string {
  if (code === "EAUTH") return "The mail server refused the user name or the password.";
  if (code === "EENVELOPE") return `The mail server takes no mail for these addresses (${responseCode ?? "refused"}).`;
  if (responseCode !== undefined) return `The mail server answered ${responseCode}.`;
  return `The mail server cannot be reached (${code ?? "connection lost"}).`;
}

/** A small SMTP server and a webhook's receiver, on free ports of this machine. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export interface Received {
  readonly to: readonly string[];
  /** As it came: headers, an empty line, body. */
  readonly raw: string;
}

export interface MailServer {
  readonly url: string;
  readonly mails: Received[];
  /** From now on it answers with this fault; undefined: it takes mails again. */
  fault: number | undefined;
  readonly close: () => Promise<void>;
}

/** `password`: what it asks for, of whatever user; without one nobody signs in. */
export async function openMailServer(password?: string): Promise<MailServer> {
  const mails: Received[] = [];
  const open: { fault: number | undefined } = { fault: undefined };
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS", ...(password === undefined ? ["AUTH"] : [])],
    allowInsecureAuth: true,
    authOptional: password === undefined,
    onAuth: (given, _, done) => (given.password === password ? done(null, { user: given.username }) : done(new Error("Wrong password"))),
    onRcptTo: (_, __, done) => done(open.fault === undefined ? null : Object.assign(new Error("Not now"), { responseCode: open.fault })),
    onData: (stream, session, done) => {
      let raw = "";
      stream.on("data", (chunk) => (raw += String(chunk)));
      stream.on("end", () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://${password === undefined ? "" : "alerts@"}127.0.0.1:${port}`,
    mails,
    get fault() {
      return open.fault;
    },
    set fault(code) {
      open.fault = code;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export interface Hook {
  readonly url: string;
  readonly port: number;
  readonly heard: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  status: number;
  readonly close: () => void;
}

export async function openHook(): Promise<Hook> {
  const heard: Hook["heard"] = [];
  const answers = { status: 204 };
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      heard.push({ headers: request.headers, body });
      response.writeHead(answers.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    heard,
    get status() {
      return answers.status;
    },
    set status(status) {
      answers.status = status;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

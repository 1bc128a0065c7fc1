/** Bytes of one site's round under secure aggregation, up and down, from the messages as they are sealed and framed. */
import { toBase64url } from "@engraft/core/base/bytes";
import { sha256 } from "@engraft/core/crypto/digest";
import { packPath } from "@engraft/core/crypto/merkle";
import { ACK_EVERY, FRAME_DATA, FRAME_HEADER } from "@engraft/core/protocol/frame";
import { MESSAGES, type MessageOf, type MessageType } from "@engraft/core/protocol/messages";
import { sealMessage } from "@engraft/core/protocol/session";
import { statementText } from "@engraft/core/secagg/signed-text";
import type { Statement } from "@engraft/core/secagg/statement";
import type { Announced, Federation } from "./federation.ts";

/** What the model's way down costs is the same with and without secure aggregation, and left out. */
export function wireBytes(federation: Federation, others: Announced): { readonly vector: number; readonly rest: number } {
  const { context, coordinator, roster, survivors, cut, adverts, attempt } = federation;
  const [own] = survivors;
  const [body] = others.bodies;
  if (own === undefined || body === undefined) throw new Error("there is no site");
  const scopes = { federation: coordinator.publicKey, session: sha256(attempt) };
  const at = { run: context.run, round: context.round, attempt: 1 };
  const texts = (statements: readonly Statement[]) => statements.map(statementText);
  const own1 = (statements: readonly Statement[]) => statementText(statements[0] as Statement);
  const size = <T extends MessageType>(type: T, message: MessageOf<T>): number => {
    MESSAGES[type].schema.parse(message);
    return Buffer.byteLength(sealMessage(MESSAGES[type].sender === "site" ? own.by.identity : coordinator, scopes, type, message));
  };
  const digest = sha256("body");
  const parts = cut
    .map((part) => part(own.index))
    .map((part) => ({
      statement: statementText(part.statement),
      seedCommitment: part.seedCommitment,
      seedPath: packPath(part.seedPath),
      leaf: toBase64url(part.leaf),
      path: packPath(part.path),
    }));
  const outcome = {
    round: 1,
    attempt: 1,
    roster: roster.hash,
    inputs: others.agreed.hash,
    sum: digest,
    survivors: survivors.length,
    totalWeight: 1000,
    checkpoint: digest,
  };
  const figures = { validation: null, base: null, alone: null, federated: null };
  const seconds = { fetch: 0.1, train: 12.3 };
  const { plan, base } = context;
  const rest =
    size("secagg.reply", {
      ...at,
      phase: "advert",
      plan,
      checkpoint: base,
      statement: own1(adverts),
      figures,
      engine: "tensorflow",
      seconds,
    }) +
    size("secagg.step", { ...at, phase: "roster", adverts: texts(adverts) }) +
    size("secagg.reply", {
      ...at,
      phase: "deal",
      statement: statementText(own.deal.statement),
      seedCommitment: own.deal.seedCommitment,
      leaves: own.deal.leaves.map(toBase64url),
    }) +
    size("secagg.step", { ...at, phase: "shares", parts }) +
    size("secagg.reply", { ...at, phase: "masked", statement: own1(others.headers), body: { digest, bytes: body.byteLength } }) +
    size("transfer.get", { transfer: 1, digest, offset: 0 }) +
    Math.floor(body.byteLength / ACK_EVERY) * size("transfer.ack", { transfer: 1, offset: body.byteLength }) +
    size("secagg.step", { ...at, phase: "survivors", headers: texts(others.headers) }) +
    size("secagg.reply", { ...at, phase: "echo", statement: own1(others.echoes) }) +
    size("secagg.step", { ...at, phase: "echoes", echoes: texts(others.echoes) }) +
    size("secagg.reply", { ...at, phase: "release", statement: own1(others.releases) }) +
    size("secagg.step", { ...at, phase: "outcome", outcome });
  return { vector: body.byteLength + FRAME_HEADER * Math.ceil(body.byteLength / FRAME_DATA), rest };
}

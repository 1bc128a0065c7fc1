import { describe, expect, it } from "vitest";
import { isRefusal } from "../../base/errors.ts";
import { packPath } from "../../crypto/merkle.ts";
import { toBase64url } from "../../base/bytes.ts";
import {
  acceptAll,
  advertiseAll,
  contextOf,
  dealAll,
  directoryOf,
  echoOne,
  keyFor,
  maskOne,
  releaseOne,
  rosterOf,
  siteOf,
  survivorsOf,
  value,
} from "../../secagg/federation.fixture.ts";
import { partFor } from "../../secagg/share.ts";
import { statementText } from "../../secagg/signed-text.ts";
import type { Statement } from "../../secagg/statement.ts";
import { exchangeBytes } from "./exchange.ts";

const sizeOf = (value: unknown): number => JSON.stringify(value).length;

/** An attempt as it is really played, and the text of what its first site says and is told. */
function played(sites: number) {
  const directory = directoryOf(sites);
  const context = contextOf(directory);
  const all = directory.sites.map((_, at) => siteOf(at, context, Uint32Array.of(at), `site ${at}`));
  const adverts = advertiseAll(directory, context, 1, all);
  const roster = value(rosterOf(directory, adverts));
  const dealt = dealAll(directory, roster, adverts);
  const deals = acceptAll(directory, roster, dealt);
  const masked = dealt.map((one) => maskOne(directory, one, value(keyFor(directory, roster, deals, one))));
  const survivors = value(survivorsOf(directory, masked));
  const echoes = masked.map((one) => echoOne(directory, one, survivors));
  const release = releaseOne(directory, masked[0] as (typeof masked)[0], survivors, echoes);
  if (isRefusal(release)) throw new Error(release.text);
  return { adverts, dealt, deals, masked, echoes, release };
}

const text = (statement: Statement): number => sizeOf(statementText(statement));

describe("bytes of an attempt beside the vectors", () => {
  it.each([3, 4, 7])("are those of an attempt that %i sites really play", (sites) => {
    const { adverts, dealt, deals, masked, echoes, release } = played(sites);
    const name = adverts[0]?.statement.site.length ?? 0;
    const bytes = exchangeBytes(sites, name);
    const first = dealt[0] as (typeof dealt)[0];
    expect(bytes.advert).toBe(text((adverts[0] as (typeof adverts)[0]).statement));
    const { statement, seedCommitment, leaves } = first.deal;
    expect(bytes.deal).toBe(text(statement) + seedCommitment.length + sizeOf(leaves.map((leaf) => toBase64url(leaf))));
    expect(bytes.masked).toBe(text((masked[0] as (typeof masked)[0]).header));
    expect(bytes.echo).toBe(text(echoes[0] as (typeof echoes)[0]));
    expect(bytes.release).toBe(text(release));
    const parts = deals.map((deal) => {
      const part = partFor(deal, 1);
      return {
        statement: statementText(part.statement),
        seedCommitment: part.seedCommitment,
        seedPath: packPath(part.seedPath),
        leaf: toBase64url(part.leaf),
        path: packPath(part.path),
      };
    });
    const told = [
      adverts.map((one) => statementText(one.statement)),
      parts,
      masked.map((one) => statementText(one.header)),
      echoes.map((one) => statementText(one)),
    ];
    expect(bytes.down).toBe(told.reduce((sum, one) => sum + sizeOf(one), 0));
  });
});

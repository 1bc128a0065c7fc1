"use client";
import type { SiteDetail } from "@engraft/coordinator/api/views";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleMinus, OctagonX, Stethoscope, TriangleAlert } from "lucide-react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { CodeLine, CopyButton } from "../../parts/copy.tsx";
import { personText } from "../../parts/figures.ts";
import { Refused } from "../../parts/states.tsx";
import { useNow, When } from "../../parts/time.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { useWords } from "../../words/language.ts";
import { PaddedCard } from "./padded-card.tsx";
import { DOCTOR } from "./doctor-words.ts";
import { SITE } from "./site-words.ts";

type Look = NonNullable<SiteDetail["doctor"]>;
type Looked = Extract<NonNullable<Look["answer"]>, { outcome: "looked" }>;
type Finding = Looked["findings"][number];

/** As the coordinator waits before it lets an admin ask again. */
const ANSWERED_WITHIN_MS = 180_000;
const ICONS = { ok: CircleCheck, warning: TriangleAlert, problem: OctagonX, skipped: CircleMinus } as const;
const COLORS = { ok: "text-accent", warning: "text-warn", problem: "text-bad", skipped: "text-fg-3" } as const;

export function DoctorCard({ detail: { site, doctor } }: { readonly detail: SiteDetail }) {
  const words = useWords(SITE);
  const admin = useIsAdmin();
  const allowed = site.line.about?.doctor === true;
  return (
    <PaddedCard
      title={words.doctor}
      aside={doctor !== null && <When at={doctor.askedAt} />}
      end={admin && allowed && site.online && <Ask site={site.name} waiting={doctor} />}
    >
      <p className="text-12 text-fg-2">{words.doctorText}</p>
      {!site.online ? (
        <>
          <p>{words.doctorOffline}</p>
          <CodeLine code="engraft-site doctor" what={words.doctor} />
        </>
      ) : (
        !allowed && (
          <>
            <p>{words.doctorOff}</p>
            <CodeLine code="engraft-site doctor --allow-remote on" what={words.doctor} />
          </>
        )
      )}
      {doctor !== null && <Answer look={doctor} site={site.name} />}
    </PaddedCard>
  );
}

function Ask({ site, waiting }: { readonly site: string; readonly waiting: Look | null }) {
  const trpc = useTRPC();
  const words = useWords(SITE);
  const now = useNow();
  const queryClient = useQueryClient();
  const ask = useMutation(
    trpc.sites.askDoctor.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.sites.pathKey() }) }),
  );
  const open = waiting !== null && waiting.answer === null && now - waiting.askedAt < ANSWERED_WITHIN_MS;
  return (
    <>
      <Button size="small" blocked={open} busy={ask.isPending && words.asking} onClick={() => ask.mutate({ site })}>
        <Stethoscope size={14} aria-hidden />
        {words.askDoctor}
      </Button>
      {ask.error !== null && <Refused what={words.notAsked} error={ask.error} />}
    </>
  );
}

function Answer({ look, site }: { readonly look: Look; readonly site: string }) {
  const words = useWords(SITE);
  const now = useNow();
  const { answer } = look;
  if (answer === null)
    return <p role="status">{now - look.askedAt < ANSWERED_WITHIN_MS ? words.looking(personText(look.by)) : words.lost}</p>;
  if (answer.outcome === "not-allowed") return <p role="status">{words.notAllowed}</p>;
  if (answer.outcome === "busy") return <p role="status">{words.busy}</p>;
  return <Findings findings={answer.findings} site={site} />;
}

/** What is wrong first, then in one line what is in order. */
function Findings({ findings, site }: { readonly findings: readonly Finding[]; readonly site: string }) {
  const words = useWords(DOCTOR);
  const wordsOf = (code: string): readonly [string, string] => words.codes[code] ?? words.otherwise;
  const of = (level: Finding["level"]) => findings.filter((one) => one.level === level);
  const [problems, warnings] = [of("problem"), of("warning")];
  const shown = [...problems, ...warnings, ...of("skipped")];
  const fine = of("ok").map(({ check }) => words.checks[check]);
  const message = [
    words.heading(site),
    "",
    ...[...problems, ...warnings].map(({ check, code }) => `${words.checks[check]}: ${wordsOf(code)[0]} (${code}). ${wordsOf(code)[1]}`),
  ];
  return (
    <>
      <p role="status" className="font-medium">
        {problems.length + warnings.length === 0 ? words.fine(findings.length) : words.wrong(problems.length, warnings.length)}
      </p>
      <ul className="grid gap-2">
        {shown.map((one) => {
          const Icon = ICONS[one.level];
          const [what, next] = wordsOf(one.code);
          return (
            <li key={`${one.check}-${one.code}-${one.level}`} className="flex items-start gap-2">
              <Icon size={16} aria-hidden className={`mt-0.5 flex-none ${COLORS[one.level]}`} />
              <div className="min-w-0">
                <span className="font-medium">{words.checks[one.check]}</span>{" "}
                <span className="text-12 text-fg-3">{words.levels[one.level]}</span>
                {one.level !== "skipped" && (
                  <p className="text-fg-2">
                    {what}. {words.next}: {next} <code className="text-fg-3">{one.code}</code>
                  </p>
                )}
              </div>
            </li>
          );
        })}
      </ul>
      {fine.length > 0 && <p className="text-12 text-fg-2">{words.inOrder([...new Set(fine)].join(", "))}</p>}
      {problems.length + warnings.length > 0 && (
        <span className="flex items-center gap-2 text-fg-2">
          {words.copy}
          <CopyButton text={message.join("\n")} what={words.report} kind="plain" />
        </span>
      )}
    </>
  );
}

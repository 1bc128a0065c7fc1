"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy.tsx";
import { When } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { CAUSES, factsOf } from "./causes.ts";
import { SITE } from "./site-words.ts";
import { CauseTitle } from "./sites-cause.tsx";

/** Why, and what the hospital's IT does, step by step; to be sent as it is. Nothing where nothing is to be done. */
export function CauseCard({ site }: { readonly site: SiteView }) {
  const words = useWords(SITE);
  const cause = useWords(CAUSES)[site.cause.code];
  // Rendered in the browser only: there is no page before the site's figures have come.
  const facts = factsOf(site, typeof location === "undefined" ? "" : location.host);
  const steps = cause.steps(facts);
  if (steps.length === 0) return null;
  const line = cause.line(facts);
  const message = [words.greeting(site.name), "", `${cause.title}. ${line}`, "", ...steps.map((step, index) => `${index + 1}. ${step}`)];
  return (
    <Card
      title={words.back(site.name)}
      aside={site.cause.at !== null && <When at={site.cause.at} />}
      footer={
        <span className="flex items-center gap-2 text-fg-2">
          {words.message}
          <CopyButton text={message.join("\n")} what={words.copyMessage} kind="plain" />
        </span>
      }
      padded
    >
      <div className="grid gap-2">
        <CauseTitle site={site} />
        <p>{line}</p>
        <ol className="grid list-decimal gap-1.5 pl-5">
          {steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </div>
    </Card>
  );
}

"use client";
import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { Dialog } from "radix-ui";
import { useEffect, useState } from "react";
import { useTRPC } from "../api/trpc.ts";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { useIsAdmin, useMay } from "./session.tsx";
import { isCommand } from "../parts/keys.ts";

interface Place {
  readonly name: string;
  readonly kind: keyof typeof shellWords.en.kinds;
  readonly href: string;
}

type Page = readonly [name: keyof typeof shellWords.en.pages, href: string];

const PAGES: readonly Page[] = [
  ["home", "/"],
  ["runs", "/runs"],
  ["compareRuns", "/runs/compare"],
  ["plans", "/plans"],
  ["releases", "/models"],
  ["sites", "/sites"],
  ["account", "/account"],
];
const RESEARCHER_PAGES: readonly Page[] = [["tokens", "/tokens"]];
const ADMIN_PAGES: readonly Page[] = [
  ["writePlan", "/plans/new"],
  ["audit", "/audit"],
  ["users", "/users"],
  ["alerts", "/alerts"],
];

export function Find() {
  const words = useWords(shellWords);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "/" || !isCommand(event)) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger asChild>
        <button type="button" className="find desk">
          <Search size={14} aria-hidden />
          <span>{words.find}</span>
          <kbd aria-hidden>/</kbd>
        </button>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <Dialog.Title className="sr-only">{words.find}</Dialog.Title>
          <Places onGo={() => setOpen(false)} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Places({ onGo }: { readonly onGo: () => void }) {
  const router = useRouter();
  const places = usePlaces();
  const words = useWords(shellWords);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const found = places.filter((place) => place.name.toLowerCase().includes(text.trim().toLowerCase())).slice(0, 12);
  const go = (place: Place | undefined): void => {
    if (place === undefined) return;
    onGo();
    router.push(place.href);
  };
  return (
    <div className="p-3">
      <input
        className="input"
        role="combobox"
        aria-expanded
        aria-controls="find-list"
        aria-activedescendant={found[at] === undefined ? undefined : `find-${at}`}
        aria-label={words.findLabel}
        placeholder={words.findPlaceholder}
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") go(found[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul id="find-list" role="listbox" aria-label={words.found} className="mt-2">
        {found.map((place, index) => (
          <li
            key={place.href}
            id={`find-${index}`}
            role="option"
            aria-selected={index === at}
            className={`flex cursor-pointer justify-between rounded-md px-2.5 py-1.5 ${index === at ? "bg-inset" : ""}`}
            onClick={() => go(place)}
            onMouseMove={() => setAt(index)}
          >
            <span className="font-medium">{place.name}</span>
            <span className="text-12 text-fg-2">{words.kinds[place.kind]}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="px-2.5 py-2 text-fg-2">{words.nothingFound}</p>}
    </div>
  );
}

function usePlaces(): readonly Place[] {
  const trpc = useTRPC();
  const admin = useIsAdmin();
  const { pages } = useWords(shellWords);
  const tokens = useMay("tokens.list");
  const runs = useQuery(trpc.runs.list.queryOptions()).data ?? [];
  const plans = useQuery(trpc.plans.list.queryOptions()).data ?? [];
  const sites = useQuery(trpc.sites.list.queryOptions()).data ?? [];
  const releases = useQuery(trpc.releases.list.queryOptions()).data ?? [];
  return [
    ...[...PAGES, ...(tokens ? RESEARCHER_PAGES : []), ...(admin ? ADMIN_PAGES : [])].map(([name, href]): Place => ({
      name: pages[name],
      kind: "page",
      href,
    })),
    ...runs.map((run): Place => ({ name: run.run, kind: "run", href: `/runs/${run.run}` })),
    ...plans.map((plan): Place => ({ name: `${plan.name} v${plan.version}`, kind: "plan", href: `/plans/${plan.digest}` })),
    ...sites.map((site): Place => ({ name: site.name, kind: "site", href: `/sites#${site.name}` })),
    ...releases.map((release): Place => ({ name: release.id, kind: "release", href: `/models/${release.id}` })),
  ];
}

"use client";
import { LANGUAGE_NAMES, LANGUAGES, type Language } from "../words/language.ts";
import { SelectField } from "./field.tsx";

interface Props {
  readonly label: string;
  readonly language: Language;
  readonly onChange: (language: Language) => void;
}

/** In which language somebody is written to. Each language names itself. */
export function LanguageField({ label, language, onChange }: Props) {
  return (
    <SelectField
      label={label}
      value={language}
      onChange={({ target }) => onChange(LANGUAGES.find((each) => each === target.value) ?? language)}
    >
      {LANGUAGES.map((each) => (
        <option key={each} value={each} lang={each}>
          {LANGUAGE_NAMES[each]}
        </option>
      ))}
    </SelectField>
  );
}

/** Words of the form in which a plan is written, and of the probe. */
import { catalogue } from "../../../words/language.ts";
import { formEnglish } from "./form-english.ts";
import { formGerman } from "./form-german.ts";

export const formWords = catalogue(formEnglish, formGerman);

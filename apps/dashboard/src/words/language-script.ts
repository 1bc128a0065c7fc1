export const LANGUAGE_KEY = "engraft-language";

/** Runs before the first paint: the reader's choice, else the browser's first language that there are words for. */
export const LANGUAGE_SCRIPT = `(()=>{let choice=null;try{choice=localStorage.getItem("${LANGUAGE_KEY}")}catch{}const known=["en","de"];const wanted=[choice,...navigator.languages].map((each)=>String(each).slice(0,2).toLowerCase());document.documentElement.lang=wanted.find((each)=>known.includes(each))??"en"})()`;

export const THEME_KEY = "engraft-theme";

/** Runs before the first paint, so that a dark page never flashes white; follows the system and other tabs. */
export const THEME_SCRIPT = `(()=>{const dark=matchMedia("(prefers-color-scheme: dark)");const set=()=>{let choice=null;try{choice=localStorage.getItem("${THEME_KEY}")}catch{}document.documentElement.dataset.theme=choice==="dark"||choice==="light"?choice:dark.matches?"dark":"light"};set();dark.addEventListener("change",set);addEventListener("storage",set);addEventListener("${THEME_KEY}",set)})()`;

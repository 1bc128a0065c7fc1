// @ts-check
/* The page works without this. It brings what has changed, speaks a round's end, and asks for nothing that the page itself does not show. */
(() => {
  const EVERY_MS = 2_500;
  let spoken = document.querySelector("[data-announce]")?.getAttribute("data-announce") ?? "";
  document.querySelector("#error")?.focus?.();

  /** @param {Document} next */
  function take(next) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const newer = next.getElementById(part.id);
      // Nothing moves under somebody's hands: a part with the focus or an open control in it waits.
      if (newer === null || part.isEqualNode(newer) || part.contains(document.activeElement)) continue;
      const scrolled = part.querySelector(".scroll")?.scrollTop ?? 0;
      part.replaceWith(document.adoptNode(newer));
      const scroll = document.getElementById(newer.id)?.querySelector(".scroll");
      if (scroll !== null && scroll !== undefined) scroll.scrollTop = scrolled;
    }
    const words = document.querySelector("[data-announce]")?.getAttribute("data-announce") ?? "";
    const status = document.getElementById("announce");
    if (words !== spoken && status !== null) status.textContent = words;
    spoken = words;
  }

  async function look() {
    if (document.visibilityState === "visible") {
      const answer = await fetch(`${document.body.dataset.address ?? ""}${location.search}`, { headers: { accept: "text/html" } }).catch(
        () => undefined,
      );
      if (answer?.status === 401) return location.reload();
      if (answer?.ok === true) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      document.documentElement.toggleAttribute("data-stale", answer?.ok !== true);
    }
    setTimeout(look, EVERY_MS);
  }
  setTimeout(look, EVERY_MS);
})();

import { $, inText } from "./dom";
import { showDialog } from "./menus";

// setUpKeys listens for single keys outside of text fields. They can be
// switched off in the settings; Escape always works.
export function setUpKeys(): void {
  const places = document.body.dataset;
  let went = 0; // when G was pressed

  const go = (href: string | undefined): boolean => {
    if (!href) return false;
    location.assign(href);
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if ($("dialog[open]")) return;
    if (event.key === "Escape") {
      if ($(":popover-open")) return;
      if (inText(event.target)) {
        // The editor is left with a second Escape, so that one press never
        // loses a place in the text.
        (event.target as HTMLElement).blur();
        return;
      }
      if (places.leave && go(places.leave)) event.preventDefault();
      return;
    }
    if (document.documentElement.dataset.keys === "off" || inText(event.target)) return;
    const key = event.key.toLowerCase();
    const followsG = event.timeStamp - went < 1500;
    went = 0;
    let done = true;
    if (followsG && key === "p") done = go("/");
    else if (followsG && key === "b") done = go(places.brief);
    else if (followsG && key === "h") done = go(places.history);
    else if (key === "g") went = event.timeStamp;
    else if (key === "e") done = go(places.edit);
    else if (key === "h") done = go(places.handoff);
    else if (key === "l") {
      const box = $<HTMLInputElement>("[data-log]");
      if (box) box.focus();
      else done = go(places.logAt && `${places.logAt}#log-title`);
    } else if (key === "[") done = go($<HTMLLinkElement>("link[rel=prev]")?.href);
    else if (key === "]") done = go($<HTMLLinkElement>("link[rel=next]")?.href);
    else if (key === "/") {
      const box = $<HTMLInputElement>("[data-search]");
      if (box && box.offsetParent !== null) box.focus();
      else $("[data-palette]")?.click();
    } else if (key === "?") showDialog("keys-dialog");
    else done = false;
    if (done) event.preventDefault();
  });
}

import { $, element, icon } from "./dom";

let timer = 0;

// toast shows one short message at the bottom. Never for errors that need
// reading: those stand where they happened.
export function toast(text: string): void {
  const region = $(".toast-region");
  if (!region) return;
  const box = element("div", { class: "toast", "data-toast": "" }, icon("check"), element("span", {}, text));
  region.replaceChildren(box);
  leave(box);
}

// leave takes a toast away after six seconds, later while it is pointed at.
function leave(box: HTMLElement): void {
  const start = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => box.remove(), 6000);
  };
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", start);
  box.addEventListener("focusin", () => clearTimeout(timer));
  box.addEventListener("focusout", start);
  start();
}

export function setUpToasts(): void {
  const box = $("[data-toast]");
  if (box) leave(box);
}

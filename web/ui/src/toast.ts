import { $, element, icon } from "./dom";

let timer = 0;

// toast shows one short message at the bottom. Never for errors that need
// reading: those stand where they happened. What it answers puts other words in
// its place, and tells whether it was still there.
export function toast(text: string): (better: string) => boolean {
  const region = $(".toast-region");
  const words = element("span", {}, text);
  if (region) {
    const box = element("div", { class: "toast", "data-toast": "" }, icon("check"), words);
    region.replaceChildren(box);
    leave(box);
  }
  return (better) => {
    words.textContent = better;
    return words.isConnected;
  };
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

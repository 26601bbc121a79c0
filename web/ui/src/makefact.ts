import { $, element, icon } from "./dom";

const kinds: readonly [string, string, string][] = [
  ["commitment", "Commitment", "handshake"],
  ["decision", "Decision", "gavel"],
  ["requirement", "Requirement", "list-checks"],
  ["question", "Question", "circle-help"],
  ["risk", "Risk", "triangle-alert"],
];

// setUpMakeFact offers to make selected words of the page a fact: a callout
// below their paragraph, by the server.
export function setUpMakeFact(): void {
  const prose = $("[data-make-fact]");
  if (!prose) return;
  const text = element("input", { type: "hidden", name: "text" });
  const form = element(
    "form",
    { class: "menu fact-here", method: "post", action: prose.dataset.makeFact ?? "", "aria-label": "Make the selected words a fact" },
    text,
    element("input", { type: "hidden", name: "page", value: prose.dataset.place ?? "" }),
    ...kinds.map(([kind, label, symbol]) =>
      element("button", { class: "btn btn-small btn-quiet", name: "kind", value: kind }, element("span", { class: `fact-icon fact-${kind}` }, icon(symbol, true)), label),
    ),
  );
  form.hidden = true;
  document.body.append(form);
  let timer = 0;
  const show = () => {
    const selection = getSelection();
    const range = selection && !selection.isCollapsed && selection.rangeCount > 0 ? selection.getRangeAt(0) : null;
    const words = range?.toString().replace(/\s+/g, " ").trim() ?? "";
    const within = range?.commonAncestorContainer;
    const from = within instanceof Element ? within : within?.parentElement;
    const fits = !!range && !!from && prose.contains(from) && words.length > 2 && words.length <= 400 && !from.closest("pre, code, .fact");
    form.hidden = !fits;
    if (!fits) return;
    text.value = words;
    const at = range.getBoundingClientRect();
    form.style.left = `${Math.max(8, Math.min(at.left + window.scrollX, document.documentElement.clientWidth - form.offsetWidth - 8))}px`;
    form.style.top = `${at.bottom + window.scrollY + 40}px`;
  };
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    timer = window.setTimeout(show, 220);
  });
  form.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the selection
}

// The bar of formatting buttons: one stop of Tab with arrows inside it, and
// menus that open from it. The buttons stand in the page; what they do comes
// from whoever sets the bar up.
import type { EditorView } from "@codemirror/view";
import { $, $$ } from "../dom";

export type Actions = Readonly<Record<string, (view: EditorView) => unknown>>;

export function setUpToolbar(bar: HTMLElement, view: EditorView, actions: Actions): void {
  for (const button of $$<HTMLButtonElement>("[data-do]", bar.parentElement ?? bar)) {
    const action = actions[button.dataset.do ?? ""];
    if (!action) {
      button.hidden = true;
      continue;
    }
    // A press must not take the focus, or the keyboard of a phone would go.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      button.closest<HTMLElement>("[popover]")?.hidePopover();
      action(view);
    });
  }
  for (const menu of $$("[data-toolbar-menu]", bar.parentElement ?? bar)) setUpMenu(menu, view);
  rove(bar, view);
}

// enterToolbar puts the focus on the bar, where it was before.
export function enterToolbar(bar: HTMLElement): void {
  $('[tabindex="0"]', bar)?.focus();
}

// rove makes the bar one stop of Tab; Escape leads back into the text.
function rove(bar: HTMLElement, view: EditorView): void {
  const items = $$<HTMLElement>("button, a, select", bar);
  const shown = () => items.filter((item) => item.offsetParent !== null && !item.hasAttribute("disabled"));
  const one = (chosen: HTMLElement | undefined) => {
    for (const item of items) item.tabIndex = item === chosen ? 0 : -1;
  };
  one(shown()[0]);
  bar.addEventListener("keydown", (event) => {
    const list = shown();
    const at = list.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation(); // or the page would be left
      view.focus();
      return;
    }
    const step = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = list[(step + list.length) % list.length];
    one(next);
    next?.focus();
  });
  bar.addEventListener("focusin", (event) => {
    const item = (event.target as HTMLElement).closest<HTMLElement>("button, a, select");
    if (item && items.includes(item)) one(item);
  });
}

// setUpMenu places a popover menu at its button and lets the arrow keys walk
// through it.
function setUpMenu(menu: HTMLElement, view: EditorView): void {
  const button = $(`[popovertarget="${menu.id}"]`);
  const items = () => $$<HTMLElement>("[role=menuitem]", menu).filter((item) => item.offsetParent !== null);
  let byKey = false;
  button?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      byKey = true;
      menu.showPopover();
    } else if (event.key === "Enter" || event.key === " ") {
      byKey = true;
    }
  });
  button?.addEventListener("pointerdown", () => (byKey = false));
  menu.addEventListener("toggle", (event) => {
    const open = (event as ToggleEvent).newState === "open";
    button?.setAttribute("aria-expanded", String(open));
    if (!open || !button) return;
    const at = button.getBoundingClientRect();
    const size = menu.getBoundingClientRect();
    const below = at.bottom + 4 + size.height <= innerHeight;
    menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - size.height - 4)}px`;
    menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
    if (byKey) items()[0]?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const list = items();
    const at = list.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: at + 1, ArrowUp: at < 0 ? list.length - 1 : at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      list[(step + list.length) % list.length]?.focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      menu.hidePopover();
      view.focus();
    } else if (event.key === "Tab") {
      menu.hidePopover();
    }
  });
}

// press shows on a button whether something is switched on.
export function press(name: string, on: boolean): void {
  for (const button of $$(`[data-do="${name}"]`)) button.setAttribute("aria-pressed", String(on));
}

import { $, $$, element } from "./dom";

// setUpBoard lets cards be dragged to another stage, and gives their arrow a
// menu of all stages for the keyboard and for touch. Either opens the form that
// hands the deal over: nothing moves by itself. Without scripts the arrow leads
// to the form for the next stage.
export function setUpBoard(): void {
  const board = $("[data-board]");
  if (!board) return;
  const columns = $$("[data-stage]", board);
  let dragged: HTMLElement | null = null;

  const columnOf = (target: EventTarget | null) =>
    target instanceof Element ? target.closest<HTMLElement>("[data-stage]") : null;
  const mark = (at: HTMLElement | null) => {
    for (const column of columns) column.classList.toggle("is-target", column === at);
  };
  const takes = (column: HTMLElement | null) => dragged !== null && column !== null && !column.contains(dragged);

  for (const card of $$("[data-move]", board)) {
    card.draggable = true;
    card.addEventListener("dragstart", (event) => {
      dragged = card;
      card.classList.add("is-dragged");
      event.dataTransfer?.setData("text/plain", new URL(card.dataset.move ?? "", location.href).href);
      if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
    });
    card.addEventListener("dragend", () => {
      card.classList.remove("is-dragged");
      dragged = null;
      mark(null);
    });
  }
  board.addEventListener("dragover", (event) => {
    const column = columnOf(event.target);
    mark(takes(column) ? column : null);
    if (takes(column)) event.preventDefault();
  });
  board.addEventListener("dragleave", (event) => {
    if (!board.contains(event.relatedTarget as Node | null)) mark(null);
  });
  board.addEventListener("drop", (event) => {
    const column = columnOf(event.target);
    if (!takes(column) || !column || !dragged) return;
    event.preventDefault();
    location.assign(handoff(dragged, column.dataset.stage ?? ""));
  });

  const menu = element("div", { class: "menu board-menu", popover: "auto", id: "board-menu" });
  document.body.append(menu);
  board.addEventListener("click", (event) => {
    const arrow = event.target instanceof Element ? event.target.closest<HTMLElement>(".deal-move") : null;
    const card = arrow?.closest<HTMLElement>("[data-move]");
    if (!arrow || !card || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    fill(menu, card, columns);
    menu.showPopover();
    const at = arrow.getBoundingClientRect();
    menu.style.top = `${Math.min(at.bottom + scrollY + 2, scrollY + innerHeight - menu.offsetHeight - 8)}px`;
    menu.style.left = `${Math.max(8, Math.min(at.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
    $("a", menu)?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const items = $$("a", menu);
    const at = items.indexOf(document.activeElement as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1);
    items[(at + items.length) % items.length]?.focus();
    event.preventDefault();
  });
}

function handoff(card: HTMLElement, stage: string): string {
  return `${card.dataset.move ?? ""}?to=${encodeURIComponent(stage)}`;
}

// fill lists the stages that a deal can be handed to.
function fill(menu: HTMLElement, card: HTMLElement, columns: HTMLElement[]): void {
  const name = $("h3 a", card)?.textContent ?? "";
  const list = element("ul", { class: "menu-list" });
  for (const column of columns) {
    if (column.contains(card)) continue;
    list.append(item(handoff(card, column.dataset.stage ?? ""), column.getAttribute("aria-label") ?? ""));
  }
  list.append(item(handoff(card, "nurture"), "Nurturing list"));
  menu.replaceChildren(element("p", { class: "menu-label eyebrow" }, `Hand ${name} to`), list);
}

function item(href: string, label: string): HTMLElement {
  const line = element("li", {});
  line.append(element("a", { class: "menu-item", href }, label));
  return line;
}

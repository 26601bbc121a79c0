import { $, $$, element, mac } from "./dom";
import { toast } from "./toast";

// setUpMenus closes menus that are left, names the command key of this system,
// and gives copy buttons, dialogs and careful questions their behaviour.
export function setUpMenus(): void {
  const open = () => $$<HTMLDetailsElement>("details.menu-anchor[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target as Node)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      $("summary", menu)?.focus();
      event.preventDefault();
    }
  });
  document.addEventListener("keydown", moveInMenu);

  if (mac) {
    for (const key of $$("kbd[data-mod]")) key.textContent = (key.textContent ?? "").replace("Ctrl ", "⌘");
  }

  document.addEventListener("click", (event) => {
    const target = (event.target as Element).closest<HTMLElement>("[data-copy],[data-copy-link],[data-open]");
    if (!target) return;
    const { copy, copyLink, open: dialog } = target.dataset;
    if (copy !== undefined) void copyText(copy, "Copied");
    if (copyLink !== undefined) {
      void copyText(new URL(copyLink, location.href).href, "Link copied");
      target.closest<HTMLDetailsElement>("details.menu-anchor")?.removeAttribute("open");
    }
    if (dialog !== undefined) {
      target.closest<HTMLElement>("[popover]")?.hidePopover();
      showDialog(dialog);
    }
  });

  document.addEventListener("submit", (event) => {
    const submitter = event.submitter;
    const question = submitter?.dataset.confirm;
    if (!(submitter instanceof HTMLButtonElement) || !question || submitter.dataset.confirmed) return;
    event.preventDefault();
    const danger = submitter.matches(".btn-danger, .is-danger");
    ask(question, submitter.textContent?.trim() ?? "Yes", danger, () => {
      submitter.dataset.confirmed = "yes";
      (event.target as HTMLFormElement).requestSubmit(submitter);
      delete submitter.dataset.confirmed;
    });
  });

  for (const select of $$<HTMLSelectElement>("select[data-autosubmit]")) {
    select.addEventListener("change", () => select.form?.requestSubmit());
  }
}

// moveInMenu lets the arrow keys walk through an open menu.
function moveInMenu(event: KeyboardEvent): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const focused = document.activeElement;
  const menu = focused?.closest("details.menu-anchor[open], .me-menu:popover-open");
  if (!menu) return;
  const items = $$(".menu-item", menu).filter((el) => el.offsetParent !== null);
  const at = items.indexOf(focused as HTMLElement);
  const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? items.length - 1 : at - 1;
  items[(next + items.length) % items.length]?.focus();
  event.preventDefault();
}

export function showDialog(id: string): void {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

export async function copyText(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast("Your browser does not let pages copy. Select the text and copy it.");
  }
}

// ask puts a question in a dialog and runs then when the answer is yes.
export function ask(question: string, yes: string, danger: boolean, then: () => void): void {
  const cancel = element("button", { class: "btn", value: "no", autofocus: "" }, "Cancel");
  const confirm = element("button", { class: danger ? "btn btn-solid-danger" : "btn btn-primary", value: "yes" }, yes);
  const form = element("form", { method: "dialog", class: "panel-body stack" });
  const text = element("p", { id: "confirm-text" }, question);
  const buttons = element("div", { class: "row" }, confirm, cancel);
  form.append(text, buttons);
  const dialog = element("dialog", { class: "panel confirm-dialog", "aria-labelledby": "confirm-text" }, form);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue === "yes") then();
  });
  dialog.showModal();
}

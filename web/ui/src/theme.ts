import { $, $$ } from "./dom";

// setUpTheme switches at once and tells the server, which keeps the choice and
// writes it into the next page.
export function setUpTheme(): void {
  const form = $<HTMLFormElement>("[data-theme-form]");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const theme = button.value;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    for (const other of $$<HTMLButtonElement>("button[name=theme]", form)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    const body = new URLSearchParams({ theme });
    void fetch(form.action, { method: "POST", body, redirect: "manual" });
  });
}

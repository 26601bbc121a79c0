import { $, element, storage } from "./dom";

const prefix = "dealwiki:form:";
const sending = "dealwiki:form-sent";

// What was typed into a form, by the names of its fields.
type Typed = Record<string, string>;

// setUpFormDrafts keeps what is typed into long forms, such as a handoff, in
// this browser until the server has it, and offers it again.
export function setUpFormDrafts(): void {
  // Whoever uses this browser next must not be offered it.
  $<HTMLFormElement>('form[action="/sign-out"]')?.addEventListener("submit", () => {
    for (const key of storage.keys()) if (key.startsWith(prefix) || key === sending) storage.remove(key);
  });
  const form = $<HTMLFormElement>("form[data-draft]");
  forgetSent(form?.dataset.draft);
  if (!form) return;
  const key = prefix + (form.dataset.draft ?? "");
  const box = $("[data-draft-offer]", form);
  const initial = JSON.stringify(read(form));
  const stored = parse(storage.get(key));
  if (stored && box && JSON.stringify(stored) !== initial) offer(form, box, key, stored);
  let timer = 0;
  const keep = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      const now = JSON.stringify(read(form));
      if (now === initial) storage.remove(key);
      else storage.set(key, now);
    }, 300);
  };
  form.addEventListener("input", keep);
  form.addEventListener("submit", (event) => {
    window.clearTimeout(timer);
    storage.set(key, JSON.stringify(read(form)));
    if ((event.submitter as HTMLButtonElement | null)?.value === "offer") storage.set(sending, form.dataset.draft ?? "");
  });
}

// forgetSent drops a draft that has arrived: the screen after it is another one
// than its form. An error or a sign-in page keeps it.
function forgetSent(shown: string | undefined): void {
  const sent = storage.get(sending);
  if (!sent) return;
  const prospect = sent.split("/")[0] ?? "";
  const inside = document.body.dataset.space === prospect || location.pathname === "/nurturing";
  if (shown !== undefined || !inside) return;
  storage.remove(prefix + sent);
  storage.remove(sending);
}

function offer(form: HTMLFormElement, box: HTMLElement, key: string, stored: Typed): void {
  const bring = element("button", { type: "button", class: "btn btn-small" }, "Bring it back");
  const drop = element("button", { type: "button", class: "btn btn-small btn-quiet" }, "Throw it away");
  const close = () => {
    box.hidden = true;
    box.replaceChildren();
  };
  bring.addEventListener("click", () => {
    fill(form, stored);
    close();
  });
  drop.addEventListener("click", () => {
    storage.remove(key);
    close();
  });
  box.replaceChildren(
    element(
      "div",
      { class: "banner banner-warn", role: "status" },
      element("p", {}, "You began to fill this in and did not send it."),
      element("span", { class: "push-right row" }, bring, drop),
    ),
  );
  box.hidden = false;
}

function read(form: HTMLFormElement): Typed {
  const out: Typed = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && value !== "" && name !== "last" && name !== "from" && name !== "to") out[name] = value;
  }
  return out;
}

function fill(form: HTMLFormElement, typed: Typed): void {
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = typed[field.name] !== undefined;
    else if (field instanceof HTMLInputElement && field.type === "hidden") continue;
    else if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) {
      field.value = typed[field.name] ?? (field instanceof HTMLSelectElement ? field.value : "");
      if (field.value !== "") field.closest("details")?.setAttribute("open", "");
    }
  }
}

function parse(text: string | null): Typed | null {
  if (!text) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || typeof value !== "object") return null;
    return Object.fromEntries(Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"));
  } catch {
    return null;
  }
}

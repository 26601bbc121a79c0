import { $, $$, element, icon, inText, mod } from "./dom";

interface Item {
  kind: string;
  title: string;
  href: string;
  hint: string;
  section: string;
  shortcut?: string;
}

const groups: [kind: string, label: string, icon: string][] = [
  ["fact", "Facts", "bookmark-plus"],
  ["page", "Pages", "file-text"],
  ["prospect", "Prospects", "building-2"],
  ["file", "Files", "paperclip"],
  ["person", "People", "user-round"],
  ["command", "Actions", "terminal"],
];

// setUpPalette makes the dialog that finds pages, prospects, people and
// commands. Focus stays in the text; aria-activedescendant moves.
export function setUpPalette(): void {
  const dialog = $<HTMLDialogElement>("#palette");
  const input = $<HTMLInputElement>("#palette-q");
  const list = $("#palette-list");
  const note = $("#palette-note");
  if (!dialog || !input || !list || !note) return;

  let scope = document.body.dataset.space ?? "";
  let pending: AbortController | undefined;
  let timer = 0;
  let active = -1;
  const options = () => $$("[role=option]", list);

  const activate = (index: number) => {
    const all = options();
    active = all.length === 0 ? -1 : (index + all.length) % all.length;
    all.forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
    const current = all[active];
    if (current) {
      input.setAttribute("aria-activedescendant", current.id);
      current.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  };

  const draw = (items: Item[]) => {
    list.replaceChildren();
    let number = 0;
    for (const [kind, label, symbol] of groups) {
      const members = items.filter((item) => item.kind === kind);
      if (members.length === 0) continue;
      const heading = element("p", { class: "menu-label eyebrow", id: `palette-${kind}`, role: "presentation" }, label);
      const group = element("div", { role: "group", "aria-labelledby": heading.id }, heading);
      for (const item of members) {
        const row = element("div", {
          class: "menu-item",
          role: "option",
          id: `palette-${++number}`,
          "aria-selected": "false",
          "data-href": item.href,
        });
        row.append(icon(symbol), element("span", { class: "nav-text" }, item.title));
        const meta = element("span", { class: "meta" });
        if (item.section === "internal" || item.section === "external") {
          const external = item.section === "external";
          meta.append(
            element(
              "span",
              { class: "audience-tag", "data-audience": item.section },
              icon(external ? "globe" : "lock", true),
              external ? "External" : "Internal",
            ),
            " ",
          );
        }
        meta.append(item.hint);
        row.append(meta);
        if (item.shortcut) row.append(element("kbd", {}, item.shortcut));
        group.append(row);
      }
      list.append(group);
    }
    input.setAttribute("aria-expanded", String(number > 0));
    note.textContent =
      number > 0 ? "" : input.value.trim() === "" ? "" : "Nothing found. Press Enter to search in all text.";
    activate(0);
  };

  const ask = async () => {
    pending?.abort();
    const own = (pending = new AbortController());
    const query = new URLSearchParams({ q: input.value.trim() });
    if (scope) query.set("p", scope);
    try {
      const response = await fetch(`/-/palette?${query}`, {
        signal: own.signal,
        headers: { Accept: "application/json" },
      });
      if (!response.ok) throw new Error(String(response.status));
      const { items } = (await response.json()) as { items: Item[] };
      if (pending === own) draw([...items, ...here(input.value)]);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      draw(here(input.value));
      note.textContent = "The server does not answer just now. Press Enter to search.";
    }
  };

  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    void ask();
  };

  const follow = (option: HTMLElement | undefined, beside: boolean) => {
    const href = option?.dataset.href;
    if (!href) return false;
    if (beside) window.open(href, "_blank", "noopener");
    else {
      dialog.close();
      location.assign(href);
    }
    return true;
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), 80);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") activate(active + 1);
    else if (event.key === "ArrowUp") activate(active - 1);
    else if (event.key === "Enter" && !event.shiftKey && follow(options()[active], mod(event))) {
      // Followed; the form's own search is for when nothing is chosen.
    } else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    follow((event.target as Element).closest<HTMLElement>("[role=option]") ?? undefined, mod(event));
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  for (const chip of $$<HTMLButtonElement>("[data-scope]", dialog)) {
    chip.addEventListener("click", () => {
      scope = chip.dataset.scope ?? "";
      for (const other of $$("[data-scope]", dialog)) {
        const on = other === chip;
        other.setAttribute("aria-pressed", String(on));
        other.classList.toggle("chip-on", on);
      }
      input.focus();
      void ask();
    });
  }
  for (const link of $$("[data-palette]")) {
    link.addEventListener("click", (event) => {
      if (mod(event)) return;
      event.preventDefault();
      open();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (!mod(event) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    // In the text of a page the same keys make a link.
    if (inText(event.target) && (event.target as HTMLElement).id === "text") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
}

// here lists what can be done with the page on the screen.
function here(query: string): Item[] {
  const { edit, history } = document.body.dataset;
  const newPage = $<HTMLAnchorElement>("#space-nav a[aria-label='New page']")?.getAttribute("href");
  const all: Item[] = [];
  const add = (title: string, href: string | null | undefined, shortcut?: string) => {
    if (href) all.push({ kind: "command", title, href, hint: "", section: "", shortcut });
  };
  add("Edit this page", edit, "E");
  add("History of this page", history, "G H");
  add("New page", newPage);
  const wanted = query.trim().toLowerCase();
  return all.filter((item) => item.title.toLowerCase().includes(wanted));
}

// The form editor: toolbar, preview beside the text, drafts, attachments. The
// form itself saves without any of it.
import { $, $$, mod, problem, storage } from "./dom";
import { Draft } from "./draft";
import { block, insert, prefix, words, wrap } from "./text";
import { put, takeDrops } from "./upload";

const facts: Record<string, string> = {
  commitment: "What we promised",
  decision: "What was decided",
  requirement: "What they need",
  question: "What we do not know yet",
  risk: "What may go wrong",
  stakeholder: "Name, position role: influence: access:none",
};

function start(form: HTMLFormElement, area: HTMLTextAreaElement): void {
  const base = form.elements.namedItem("base") as HTMLInputElement;
  const state = $("[data-state]", form);
  const counter = $("[data-words]", form);
  const preview = $("[data-preview]", form);
  const uploads = $("[data-uploads]", form);
  const picker = $<HTMLInputElement>("[data-attach]", form);
  const { place = "", prospect = "", max = "0" } = form.dataset;
  const files = (form.dataset.files ?? "").replace(/\/+$/, "");
  const draft = new Draft(`${prospect}/${place}`);
  // A text that came back with a message above it is not stored yet, so it
  // counts as changed, and no older draft is offered over it.
  const messages = $(".editor-messages:not([data-draft])", form) !== null;
  const opened = area.value;
  let saving = false;
  const changed = () => messages || area.value !== opened;

  // ---- state, draft, leaving

  let keepTimer = 0;
  const quiet = state?.textContent ?? "";
  const note = () => {
    if (counter) counter.textContent = `${words(area.value)} words`;
    const dirty = area.value !== opened;
    if (state && state.classList.contains("is-changed") !== dirty) {
      state.classList.toggle("is-changed", dirty);
      state.textContent = dirty ? "Not saved yet" : quiet;
    }
    clearTimeout(keepTimer);
    keepTimer = window.setTimeout(
      () => (area.value === opened ? draft.forget() : draft.keep(base.value, area.value)),
      600,
    );
  };
  const box = $("[data-draft]", form);
  if (box && !messages) {
    draft.offer(box, opened, (text) => {
      insert(area, 0, area.value.length, text);
      note();
      later();
    });
  }
  window.addEventListener("beforeunload", (event) => {
    if (!saving && changed()) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    if (!saving && area.value !== opened) draft.keep(base.value, area.value);
  });
  form.addEventListener("submit", () => {
    saving = true;
    draft.sent(base.value, area.value);
  });
  $("[data-cancel]", form)?.addEventListener("click", () => {
    saving = true;
    draft.forget();
  });

  // ---- preview

  let timer = 0;
  let pending: AbortController | undefined;
  let drawn = "";
  const draw = async () => {
    if (!preview || preview.offsetParent === null || drawn === area.value) return;
    pending?.abort();
    const own = (pending = new AbortController());
    const text = area.value;
    try {
      const response = await fetch("/api/v1/render", {
        method: "POST",
        signal: own.signal,
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ text, page: `${prospect}/${place}` }),
      });
      if (!response.ok) throw new Error(await problem(response));
      const { html } = (await response.json()) as { html: string };
      drawn = text;
      const prose = $(".prose", preview);
      if (prose) prose.innerHTML = html; // sanitised by the server, like every page
      preview.classList.remove("is-old");
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      preview.classList.add("is-old");
      preview.title = error instanceof Error ? error.message : "";
    }
  };
  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void draw(), 250);
  };

  // The preview follows the text, as far down as one has scrolled in it.
  area.addEventListener(
    "scroll",
    () => {
      const room = area.scrollHeight - area.clientHeight;
      if (preview && room > 0) {
        preview.scrollTop = (area.scrollTop / room) * (preview.scrollHeight - preview.clientHeight);
      }
    },
    { passive: true },
  );

  // ---- layout

  const panes = $("[data-panes]", form);
  const layouts = $$<HTMLButtonElement>("[data-layout]", form);
  const show = (layout: string) => {
    if (!panes) return;
    panes.dataset.panes = layout;
    for (const button of layouts) button.setAttribute("aria-pressed", String(button.dataset.layout === layout));
    void draw();
  };
  for (const button of layouts) {
    button.addEventListener("click", () => {
      const layout = button.dataset.layout ?? "split";
      storage.set("dealwiki:layout", layout);
      show(layout);
    });
  }
  const narrow = window.matchMedia("(max-width: 760px)");
  const preferred = storage.get("dealwiki:layout") ?? "split";
  show(narrow.matches ? "write" : preferred === "read" ? "split" : preferred);

  // ---- toolbar

  const actions: Record<string, () => void> = {
    heading: () => prefix(area, "## "),
    bold: () => wrap(area, "**", "important"),
    italic: () => wrap(area, "*", "emphasis"),
    strike: () => wrap(area, "~~", "no longer true"),
    code: () => wrap(area, "`", "code"),
    list: () => prefix(area, "- "),
    numbers: () => prefix(area, "1. "),
    task: () => block(area, "- [ ] What is to be done", "What is to be done"),
    quote: () => prefix(area, "> "),
    table: () => block(area, "| Column | Column |\n| --- | --- |\n| text | text |", "Column"),
    page: () => {
      const { selectionStart: from, selectionEnd: to } = area;
      const inside = area.value.slice(from, to) || "stage/page";
      insert(area, from, to, `[[${inside}]]`);
      area.setSelectionRange(from + 2, from + 2 + inside.length);
    },
    link: () => {
      const { selectionStart: from, selectionEnd: to } = area;
      const inside = area.value.slice(from, to) || "text";
      insert(area, from, to, `[${inside}](https://)`);
      area.setSelectionRange(from + inside.length + 3, from + inside.length + 11);
    },
    attach: () => picker?.click(),
  };
  for (const button of $$<HTMLButtonElement>("[data-do]", form)) {
    button.addEventListener("click", () => actions[button.dataset.do ?? ""]?.());
  }
  const factList = $<HTMLSelectElement>("[data-fact]", form);
  factList?.addEventListener("change", () => {
    const kind = factList.value;
    factList.value = "";
    const hint = facts[kind];
    if (hint) block(area, `> [!${kind}] ${hint}\n> `, hint);
  });
  moveInToolbar(form);

  area.addEventListener("keydown", (event) => {
    if (!mod(event) || event.altKey) return;
    const action = { b: "bold", i: "italic", k: "link" }[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    actions[action]?.();
  });
  area.addEventListener("keydown", (event) => continueList(area, event));
  document.addEventListener("keydown", (event) => {
    if (!mod(event) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    form.requestSubmit($<HTMLButtonElement>("button[value=save]", form));
  });

  // ---- attachments

  let visited = false;
  area.addEventListener("focus", () => (visited = true));

  // What keeps a link apart from the text before it; a callout or quote would
  // take in the line that follows.
  const gap = (before: string) => {
    const last = before.trimEnd().split("\n").pop() ?? "";
    if (/^ {0,3}>/.test(last) && !/\n\s*\n\s*$/.test(before)) return before.endsWith("\n") ? "\n" : "\n\n";
    return before && !/\s$/.test(before) ? " " : "";
  };

  const attach = async (list: Iterable<File>) => {
    if (!uploads || !files) return;
    for (const file of list) {
      const markdown = await put(files, file, Number(max), uploads);
      if (!markdown) continue;
      // Nobody has been in the text yet: a file goes to its end, not its start.
      const at = visited ? area.selectionEnd : area.value.length;
      insert(area, at, at, gap(area.value.slice(0, at)) + markdown);
    }
  };
  picker?.addEventListener("change", () => {
    void attach([...(picker.files ?? [])]);
    picker.value = "";
  });
  const pane = area.parentElement;
  if (pane && files) takeDrops(pane, (list) => void attach([...list]));
  area.addEventListener("paste", (event) => {
    const list = [...(event.clipboardData?.files ?? [])];
    if (list.length === 0 || !files) return;
    event.preventDefault();
    const stamp = new Date().toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-");
    void attach(
      list.map((file) =>
        file.name === "image.png" ? new File([file], `picture-${stamp}.png`, { type: file.type }) : file,
      ),
    );
  });

  area.addEventListener("input", () => {
    note();
    later();
  });
  note();
  void draw();
}

// continueList starts the next item when Enter is pressed in a list, and ends
// the list on an empty one.
function continueList(area: HTMLTextAreaElement, event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || mod(event)) return;
  if (area.selectionStart !== area.selectionEnd) return;
  const at = area.selectionStart;
  const from = area.value.lastIndexOf("\n", at - 1) + 1;
  const line = area.value.slice(from, at);
  const match = /^(\s*(?:> ?)*)(?:([-*+]|\d+[.)]) (?:\[[ xX]\] )?|(?<=> ?))/.exec(line);
  if (!match || match[0] === "") return;
  event.preventDefault();
  if (line.trim() === match[0].trim()) {
    insert(area, from, at, "");
    return;
  }
  const next = match[0].replace(/\d+/, (n) => String(Number(n) + 1)).replace(/\[[xX]\]/, "[ ]");
  insert(area, at, at, `\n${next}`);
}

// moveInToolbar makes the toolbar one stop of Tab, with arrows inside it.
function moveInToolbar(form: HTMLFormElement): void {
  const bar = $("[role=toolbar]", form);
  if (!bar) return;
  const items = $$("button, select", bar);
  items.forEach((item, i) => (item.tabIndex = i === 0 ? 0 : -1));
  bar.addEventListener("keydown", (event) => {
    const shown = items.filter((item) => item.offsetParent !== null);
    const at = shown.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const step = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = shown[(step + shown.length) % shown.length];
    for (const item of items) item.tabIndex = item === next ? 0 : -1;
    next?.focus();
  });
  bar.addEventListener("focusin", (event) => {
    for (const item of items) item.tabIndex = item === event.target ? 0 : -1;
  });
}

const form = $<HTMLFormElement>("form[data-editor]");
const area = form && $<HTMLTextAreaElement>("#text", form);
if (form && area) start(form, area);

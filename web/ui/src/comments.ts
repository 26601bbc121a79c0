import { $, $$, element, icon, problem } from "./dom";
import { Finder, around } from "./quote";
import { toast } from "./toast";
import { showTimes } from "./when";

// setUpComments marks the words of the page that threads are about, lets one
// comment on selected words, and sends the forms of the threads without leaving
// the page. Without scripts the same forms work by themselves.
export function setUpComments(): void {
  const box = $("[data-comments]");
  const prose = $("[data-prose]");
  if (!box || !prose) return;
  mark(box, prose);
  goTo(location.hash);
  window.addEventListener("hashchange", () => goTo(location.hash));

  prose.addEventListener("click", (event) => {
    const words = (event.target as Element).closest<HTMLElement>("mark.commented");
    if (!words || (event.target as Element).closest("a, input, button, summary") || getSelection()?.isCollapsed === false) return;
    const thread = document.getElementById(`c-${words.dataset.threads?.split(" ")[0] ?? ""}`);
    activate(thread);
    thread?.scrollIntoView({ block: "nearest" });
    thread?.focus({ preventScroll: true });
  });
  box.addEventListener("click", (event) => {
    const show = (event.target as Element).closest("[data-show-quote]");
    const thread = (event.target as Element).closest<HTMLElement>("[data-thread]");
    if (thread) activate(thread);
    if (show && thread) wordsOf(thread)[0]?.scrollIntoView({ block: "center" });
  });
  box.addEventListener("focusin", (event) => {
    const thread = (event.target as Element).closest<HTMLElement>("[data-thread]");
    if (thread) activate(thread);
  });
  // Whoever opens a form types next: into it, not at the keys of the page.
  box.addEventListener(
    "toggle",
    (event) => {
      const details = event.target as HTMLDetailsElement;
      if (details.open) $<HTMLTextAreaElement>(":scope > form textarea[name=text]", details)?.focus();
    },
    true,
  );
  box.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return; // a careful question comes first
    event.preventDefault();
    void send(event.target as HTMLFormElement, event.submitter, box, prose);
  });
  if (box.hasAttribute("data-may")) setUpSelection(box, prose);
}

// ---- the words in the text

interface Piece {
  node: Text;
  start: number;
}

const blocks = "p,li,td,th,h1,h2,h3,h4,h5,h6,div,pre,blockquote,dt,dd,summary,figcaption";

// read gives the text as it reads, and where its pieces stand.
function read(prose: HTMLElement): { text: string; pieces: Piece[] } {
  const walker = document.createTreeWalker(prose, NodeFilter.SHOW_TEXT);
  const pieces: Piece[] = [];
  let text = "";
  let block: Element | null = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!(node instanceof Text) || node.parentElement?.closest("svg, .anchor, .visually-hidden, .fact-do, script, style")) continue;
    const own = node.parentElement?.closest(blocks) ?? null;
    if (own !== block && text !== "") text += "\n";
    block = own;
    pieces.push({ node, start: text.length });
    text += node.data;
  }
  return { text, pieces };
}

function mark(box: HTMLElement, prose: HTMLElement): void {
  for (const old of $$("mark.commented", prose)) {
    const parent = old.parentNode;
    old.replaceWith(...old.childNodes);
    parent?.normalize();
  }
  const threads = $$("[data-thread]", box).filter((thread) => thread.dataset.quote);
  if (threads.length === 0) return;
  const { text, pieces } = read(prose);
  const finder = new Finder(text);
  const found: { from: number; to: number; id: string }[] = [];
  for (const thread of threads) {
    const { quote = "", before, after, at = "0", thread: id = "" } = thread.dataset;
    const place = finder.find({ quote, before, after }, Number(at) * text.length);
    if (place) found.push({ ...place, id });
    else $("[data-show-quote]", thread)?.remove();
  }
  for (const { node, start } of pieces) {
    const end = start + node.length;
    const here = found.filter((f) => f.from < end && f.to > start);
    if (here.length === 0) continue;
    const cuts = [...new Set([start, end, ...here.flatMap((f) => [Math.max(f.from, start), Math.min(f.to, end)])])].sort((a, b) => a - b);
    const parts: (string | HTMLElement)[] = [];
    for (let i = 0; i + 1 < cuts.length; i++) {
      const from = cuts[i] ?? 0;
      const to = cuts[i + 1] ?? 0;
      const words = node.data.slice(from - start, to - start);
      const about = here.filter((f) => f.from < to && f.to > from).map((f) => f.id);
      if (about.length === 0 || words.trim() === "") parts.push(words);
      else parts.push(element("mark", { class: "commented", "data-threads": about.join(" ") }, words));
    }
    node.replaceWith(...parts);
  }
}

function wordsOf(thread: HTMLElement): HTMLElement[] {
  const id = thread.dataset.thread ?? "";
  return $$("mark.commented").filter((words) => words.dataset.threads?.split(" ").includes(id));
}

function activate(thread: HTMLElement | null): void {
  for (const el of $$(".is-active:is(.commented, .comment-thread)")) el.classList.remove("is-active");
  if (!thread) return;
  thread.classList.add("is-active");
  for (const words of wordsOf(thread)) words.classList.add("is-active");
}

// goTo shows the thread or comment that an address names.
function goTo(hash: string): void {
  if (!hash.startsWith("#c-")) return;
  const target = document.getElementById(decodeURIComponent(hash.slice(1)));
  const thread = target?.closest<HTMLElement>(".comment-thread");
  if (!target || !thread) return;
  const closed = thread.closest<HTMLDetailsElement>("details:not([open])");
  if (closed) closed.open = true;
  activate(thread);
  target.scrollIntoView({ block: "nearest" });
  thread.focus({ preventScroll: true });
}

// ---- commenting on selected words

function setUpSelection(box: HTMLElement, prose: HTMLElement): void {
  const button = element("button", { class: "btn btn-small btn-primary comment-here", type: "button" }, icon("message-square-plus"), "Comment");
  button.hidden = true;
  document.body.append(button);
  let timer = 0;
  const selected = (): Range | null => {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
    const range = selection.getRangeAt(0);
    return prose.contains(range.commonAncestorContainer) && range.toString().trim() !== "" ? range : null;
  };
  const show = () => {
    const range = selected();
    button.hidden = range === null;
    if (!range) return;
    const at = range.getBoundingClientRect();
    button.style.left = `${Math.max(8, Math.min(at.left + window.scrollX, document.documentElement.clientWidth - button.offsetWidth - 8))}px`;
    button.style.top = `${at.bottom + window.scrollY + 6}px`;
  };
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    timer = window.setTimeout(show, 200);
  });
  button.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the selection
  const start = () => {
    const range = selected();
    button.hidden = true;
    begin(box, prose, range);
  };
  button.addEventListener("click", start);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || !event.altKey || event.code !== "KeyM") return;
    event.preventDefault();
    start();
  });
}

// begin opens the form for a new thread, about the selected words if there are
// any.
function begin(box: HTMLElement, prose: HTMLElement, range: Range | null): void {
  const details = $<HTMLDetailsElement>("[data-comment-new]", box);
  const form = details ? $<HTMLFormElement>("form", details) : null;
  if (!details || !form) return;
  const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement | HTMLTextAreaElement;
  if (range) {
    const { text, pieces } = read(prose);
    let from = -1;
    let to = -1;
    for (const { node, start } of pieces) {
      if (!range.intersectsNode(node)) continue;
      const a = node === range.startContainer ? range.startOffset : 0;
      const b = node === range.endContainer ? range.endOffset : node.length;
      if (a >= b) continue;
      if (from < 0) from = start + a;
      to = start + b;
    }
    const words = text.slice(from, to);
    if (from >= 0 && words.trim() !== "") {
      if (words.length > 3000) {
        toast("Select a shorter piece of the text to comment on it.");
        return;
      }
      from += words.length - words.trimStart().length;
      to -= words.length - words.trimEnd().length;
      const { before, after } = around(text, { from, to });
      field("quote").value = text.slice(from, to);
      field("before").value = before;
      field("after").value = after;
    }
  }
  details.open = true;
  field("text").focus();
  details.scrollIntoView({ block: "nearest" });
}

// ---- sending

async function send(form: HTMLFormElement, submitter: HTMLElement | null, box: HTMLElement, prose: HTMLElement): Promise<void> {
  const data = new FormData(form, submitter);
  const body = new URLSearchParams();
  for (const [name, value] of data) if (typeof value === "string") body.append(name, value);
  const buttons = $$<HTMLButtonElement>("button", form);
  for (const button of buttons) button.disabled = true;
  $(".banner", form)?.remove();
  try {
    const response = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body });
    if (!response.ok) throw new Error(await problem(response));
    const { href, said } = (await response.json()) as { href: string; said: string };
    const page = await fetch(href, { headers: { Accept: "text/html" } });
    if (!page.ok) throw new Error(await problem(page));
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("[data-comments]");
    if (!fresh) throw new Error("The page could not be read again. Reload it.");
    const resolvedOpen = $<HTMLDetailsElement>("[data-comments-resolved]", box)?.open ?? false;
    box.replaceChildren(...fresh.childNodes);
    const resolved = $<HTMLDetailsElement>("[data-comments-resolved]", box);
    if (resolved && resolvedOpen) resolved.open = true;
    showTimes();
    mark(box, prose);
    const hash = new URL(href, location.href).hash;
    history.replaceState(null, "", hash);
    goTo(hash);
    if (!document.activeElement || document.activeElement === document.body) box.focus();
    if (said) toast(said);
  } catch (error) {
    const text = error instanceof Error && error.message ? error.message : "Your comment did not reach the server. Try again.";
    form.prepend(element("div", { class: "banner banner-danger", role: "alert" }, icon("circle-alert"), element("p", {}, text)));
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

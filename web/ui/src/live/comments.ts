// Comments in the live editor: threads are loaded through the API, found in the
// text that is being written, and follow it through every change; the panel
// beside the text holds their cards in its order.
import { type Extension, Prec, type Range as Ranged, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, type ViewUpdate, ViewPlugin, keymap } from "@codemirror/view";
import { $, $$, element, icon, problem } from "../dom";
import { ask } from "../menus";
import { Finder, type Found, around, plainWords } from "../quote";
import { toast } from "../toast";
import { showTimes } from "../when";

export interface CommentOptions {
  api: string; // the call about the page's comments
  panel: HTMLElement; // where the cards go; hidden while there are none
  section: "internal" | "external" | "shared";
  readers: string; // who reads an external page
  note: string; // address of the form for a new page; "" when the writer may make none
  stage: string;
  title: string;
  say(text: string): void; // to a screen reader
}

export interface CommentLayer {
  extension: Extension;
  // begin comments on the selection, or on the line of the cursor.
  begin(view: EditorView): boolean;
  // refresh asks the server for what others said.
  refresh(): Promise<void>;
}

interface Person {
  id?: string;
  handle?: string;
  name: string;
}

interface Said {
  id: string;
  author: Person;
  guest?: boolean;
  at: string;
  edited?: string;
  text: string;
  html: string;
  mine: boolean;
  remove: boolean;
}

interface Thread {
  id: string;
  quote: string;
  before?: string;
  after?: string;
  heading?: string;
  gone: boolean;
  position: { line: number; text: string } | null;
  resolved: { by: Person; at: string } | null;
  comments: Said[];
}

// ---- where threads are in the text

interface Marks {
  places: DecorationSet;
  active: string;
  drawn: DecorationSet;
}

const placeOf = (id: string): Decoration => Decoration.mark({ class: "commented", inclusive: false, id });

const placed = StateEffect.define<{ id: string; at: Found | null }[]>({
  map: (list, changes) =>
    list.map(({ id, at }) => {
      if (!at) return { id, at };
      const from = changes.mapPos(at.from, 1);
      const to = changes.mapPos(at.to, -1);
      return { id, at: to > from ? { from, to } : null };
    }),
});
const activated = StateEffect.define<string>();

const idOf = (mark: Decoration): string => (mark.spec as { id: string }).id;

function draw(places: DecorationSet, active: string): DecorationSet {
  const out: Ranged<Decoration>[] = [];
  for (const cursor = places.iter(); cursor.value; cursor.next()) {
    const here = idOf(cursor.value) === active ? " is-active" : "";
    out.push(Decoration.mark({ class: `commented${here}`, id: idOf(cursor.value) }).range(cursor.from, cursor.to));
  }
  return Decoration.set(out, true);
}

const marks = StateField.define<Marks>({
  create: () => ({ places: Decoration.none, active: "", drawn: Decoration.none }),
  update(value, tr) {
    let { places, active } = value;
    if (tr.docChanged) places = places.map(tr.changes);
    for (const effect of tr.effects) {
      if (effect.is(placed)) {
        const ids = new Set(effect.value.map((p) => p.id));
        const add = effect.value.flatMap(({ id, at }) => (at ? [placeOf(id).range(at.from, at.to)] : []));
        places = places.update({ filter: (_from, _to, mark) => !ids.has(idOf(mark)), add, sort: true });
      } else if (effect.is(activated)) active = effect.value;
    }
    if (places === value.places && active === value.active) return value;
    return { places, active, drawn: draw(places, active) };
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value.drawn),
});

function placesIn(view: EditorView): Map<string, Found> {
  const out = new Map<string, Found>();
  for (const cursor = view.state.field(marks).places.iter(); cursor.value; cursor.next()) {
    out.set(idOf(cursor.value), { from: cursor.from, to: cursor.to });
  }
  return out;
}

// colour is the number of a person's colour, as web.PersonOf has it.
function colour(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash % 8) + 1;
}

// ---- the layer

const draft = "new"; // the place of a thread that is being written
const every = 120_000; // ms between two looks at what came without a notice, as by a push

export function commentLayer(o: CommentOptions): CommentLayer {
  let view: EditorView | null = null;
  let threads: Thread[] = [];
  let showResolved = false;
  let opened = false; // on a narrow window the panel lies over the text and is opened
  const narrow = matchMedia("(max-width: 760px)");
  let mayNot = ""; // why the comments cannot be shown
  const cards = new Map<string, { drawn: string; card: HTMLElement }>();
  const external = o.section === "external";

  // ---- talking to the server

  const call = async (method: string, body?: object, tail = ""): Promise<Response> => {
    const response = await fetch(o.api + tail, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
    if (!response.ok) throw new Error(await problem(response));
    return response;
  };

  let asked = 0;
  const refresh = async (): Promise<void> => {
    const mine = ++asked;
    const all: Thread[] = [];
    try {
      for (let cursor = ""; ; ) {
        const page = (await (await call("GET", undefined, `?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).json()) as { items: Thread[]; next: string | null };
        all.push(...page.items);
        if (!page.next) break;
        cursor = page.next;
      }
      if (mine !== asked) return; // asked again since
      mayNot = "";
    } catch (error) {
      // Away from the server what is shown stays; it is asked again.
      if (navigator.onLine && threads.length === 0 && error instanceof Error && error.message.includes("comments.yaml")) mayNot = error.message;
      show();
      return;
    }
    threads = all;
    place();
    show();
  };

  // place finds the threads that have no place yet; the others have followed
  // the text.
  const place = () => {
    if (!view) return;
    const known = placesIn(view);
    const doc = view.state.doc;
    let finder: Finder | null = null;
    const list: { id: string; at: Found | null }[] = [];
    const open = new Set<string>([draft]);
    for (const t of threads) {
      if (t.resolved || t.quote === "") continue;
      open.add(t.id);
      if (known.has(t.id) || (t.gone && !t.position)) continue;
      finder ??= new Finder(doc.toString());
      const near = t.position && t.position.line <= doc.lines ? doc.line(t.position.line).from : -1;
      const found = finder.find({ quote: t.position?.text ?? t.quote, before: t.before, after: t.after }, near) ?? finder.find(t, near);
      if (found) list.push({ id: t.id, at: found });
    }
    for (const id of known.keys()) if (!open.has(id)) list.push({ id, at: null });
    if (list.length > 0) view.dispatch({ effects: placed.of(list) });
  };

  // put takes a thread as the server has it after a change.
  const put = (thread: Thread) => {
    const at = threads.findIndex((t) => t.id === thread.id);
    if (at < 0) threads.push(thread);
    else threads[at] = thread;
    place();
    show();
  };

  // ---- the panel

  const show = () => {
    const places = view ? placesIn(view) : new Map<string, Found>();
    const rank = (t: Thread) => places.get(t.id)?.from ?? (t.quote === "" ? -1 : Number.MAX_SAFE_INTEGER);
    const open = threads.filter((t) => !t.resolved).sort((a, b) => rank(a) - rank(b));
    const resolved = threads.filter((t) => t.resolved);
    const writing = cards.get(draft)?.card;
    o.panel.hidden = (open.length === 0 && resolved.length === 0 && !writing && !mayNot) || (narrow.matches && !opened && !writing);
    const head = element("div", { class: "row" }, element("h2", { class: "small" }, "Comments"), element("span", { class: "count" }, `${open.length} open`));
    if (resolved.length > 0) {
      const toggle = element("button", { class: "btn btn-quiet btn-small push-right", type: "button", "aria-expanded": String(showResolved) }, `Resolved ${resolved.length}`);
      toggle.addEventListener("click", () => {
        showResolved = !showResolved;
        show();
        $("[aria-expanded]", o.panel)?.focus();
      });
      head.append(toggle);
    }
    const close = element("button", { class: "btn btn-quiet btn-icon btn-small only-narrow push-right", type: "button", "aria-label": "Close the comments" }, icon("x"));
    close.addEventListener("click", () => {
      opened = false;
      show();
      view?.focus();
    });
    head.append(close);
    const list: Node[] = [head];
    if (mayNot) list.push(element("div", { class: "banner banner-warn" }, icon("triangle-alert"), element("p", {}, mayNot)));
    const draftAt = places.get(draft)?.from ?? -1;
    let drawnDraft = !writing;
    for (const t of open) {
      if (writing && !drawnDraft && rank(t) > draftAt) {
        list.push(writing);
        drawnDraft = true;
      }
      list.push(card(t, places.get(t.id) ?? null));
    }
    if (writing && !drawnDraft) list.push(writing);
    if (showResolved) list.push(...resolved.map((t) => card(t, null)));
    if (external) list.push(element("p", { class: "meta" }, "Comments follow the page: on an external page guests read them too."), element("p", { class: "meta" }, note("")));
    for (const id of cards.keys()) if (id !== draft && !threads.some((t) => t.id === id)) cards.delete(id);
    swap(list);
    showTimes();
  };

  // swap puts the nodes into the panel and keeps the focus where it is.
  const swap = (list: Node[]) => {
    const focused = document.activeElement;
    const inside = focused instanceof HTMLElement && o.panel.contains(focused);
    const selection = focused instanceof HTMLTextAreaElement ? [focused.selectionStart, focused.selectionEnd] : null;
    const top = o.panel.scrollTop;
    o.panel.replaceChildren(...list);
    o.panel.scrollTop = top;
    if (inside && o.panel.contains(focused)) {
      focused.focus({ preventScroll: true });
      if (selection && focused instanceof HTMLTextAreaElement) focused.setSelectionRange(selection[0] ?? 0, selection[1] ?? 0);
    }
  };

  const note = (quote: string): HTMLElement | string => {
    if (!external || !o.note) return "";
    const text = quote ? `> ${quote.trim().replaceAll("\n", "\n> ")}\n\n` : "";
    const query = new URLSearchParams({ section: "internal", stage: o.stage, title: `Note on ${o.title}`, text });
    return element("a", { href: `${o.note}?${query}`, target: "_blank" }, "Write a note on an internal page instead");
  };

  const audience = (): Node[] => {
    if (!external) return [];
    const tag = element("span", { class: "audience-tag", "data-audience": "external" }, icon("globe", true), "External");
    return [element("p", { class: "row meta" }, tag, "guests see this thread")];
  };

  const words = (quote: string, gone: Thread | null): HTMLElement => {
    const box = element("div", { class: gone ? "comment-quote is-gone" : "comment-quote" }, element("p", {}, `“${plainWords(quote) || quote.trim()}”`));
    if (gone) {
      const under = gone.heading ? `; it stood under “${gone.heading}”` : "";
      box.append(element("p", { class: "meta" }, `The text this was about is no longer on the page${under}.`));
    }
    return box;
  };

  const card = (t: Thread, at: Found | null): HTMLElement => {
    const gone = t.quote !== "" && !at && !t.resolved;
    const drawn = JSON.stringify([t, gone]);
    const kept = cards.get(t.id);
    if (kept?.drawn === drawn) return kept.card;
    const about = t.quote ? `Comment on ${plainWords(t.quote).slice(0, 60)}` : "Comment on the whole page";
    const box = element("section", { class: "panel comment-thread", "aria-label": about, "data-thread": t.id, tabindex: "-1" });
    if (t.resolved) box.classList.add("is-resolved");
    if (t.quote) {
      const quote = words(t.position?.text ?? t.quote, gone ? t : null);
      if (!gone && !t.resolved) {
        const find = element("button", { class: "btn btn-quiet btn-icon btn-small", type: "button", "aria-label": "Show in the text", title: "Show in the text" }, icon("eye", true));
        find.addEventListener("click", () => goTo(t.id));
        quote.append(find);
      }
      box.append(quote);
    }
    for (const said of t.comments) box.append(comment(said));
    if (t.resolved) box.append(element("p", { class: "comment meta" }, icon("check", true), element("span", {}, `Resolved by ${t.resolved.by.name} `, time(t.resolved.at))));
    box.append(answer(t));
    box.addEventListener("focusin", () => activate(t.id));
    box.addEventListener("click", () => activate(t.id));
    if (kept) {
      // What was typed and not sent stays.
      const before = $<HTMLTextAreaElement>("textarea[name=reply]", kept.card);
      const now = $<HTMLTextAreaElement>("textarea[name=reply]", box);
      if (before && now) {
        const focused = document.activeElement === before;
        now.value = before.value;
        if (focused) queueMicrotask(() => now.focus({ preventScroll: true }));
      }
    }
    cards.set(t.id, { drawn, card: box });
    return box;
  };

  const time = (at: string) => element("time", { datetime: at, "data-when": "" }, at.slice(0, 10));

  const comment = (said: Said): HTMLElement => {
    const initials = said.author.name.split(/\s+/).map((word) => word[0] ?? "").slice(0, 2).join("").toUpperCase();
    const avatar = element("span", { class: `avatar person-${colour(said.author.id ?? said.author.name)}${said.guest ? " avatar-guest" : ""}`, "aria-hidden": "true" }, initials);
    const meta = element("span", { class: "meta" }, time(said.at), said.edited ? " · edited" : "");
    const text = element("div", { class: "comment-text prose" });
    text.innerHTML = said.html; // sanitised by the server
    const who = element("span", {}, element("strong", {}, said.author.name), " ", said.guest ? element("span", { class: "tag" }, "guest") : "", " ", meta);
    const box = element("div", { class: "comment" }, avatar, who, text);
    if (said.mine || said.remove) box.append(tools(said, text));
    return box;
  };

  const tools = (said: Said, text: HTMLElement): HTMLElement => {
    const row = element("div", { class: "comment-tools row" });
    if (said.mine) {
      const edit = element("button", { class: "btn btn-quiet btn-small", type: "button" }, "Edit");
      edit.addEventListener("click", () => {
        const field = element("textarea", { class: "input", rows: "3", maxlength: "10000", "aria-label": "Your comment" });
        field.value = said.text;
        const cancel = element("button", { class: "btn btn-small", type: "button" }, "Cancel");
        const form = element("form", { class: "stack" }, field, element("div", { class: "row" }, button("Save", true), cancel));
        const end = () => {
          form.replaceWith(text);
          edit.focus();
        };
        cancel.addEventListener("click", end);
        escape(form, end);
        sends(form, async () => put((await (await call("PATCH", { comment: said.id, text: field.value })).json()) as Thread));
        text.replaceWith(form);
        field.focus();
      });
      row.append(edit);
    }
    if (said.remove) {
      const remove = element("button", { class: "btn btn-quiet btn-small", type: "button" }, "Remove");
      remove.addEventListener("click", () =>
        ask("Remove this comment?", "Remove", true, () => {
          call("DELETE", undefined, `/${encodeURIComponent(said.id)}`)
            .then(refresh)
            .catch((error: Error) => toast(error.message));
        }),
      );
      row.append(remove);
    }
    return row;
  };

  const button = (label: string, primary: boolean): HTMLButtonElement =>
    element("button", { class: primary ? "btn btn-small btn-primary" : "btn btn-small", type: "submit" }, label);

  // answer is the foot of a card: reply and resolve, or open again.
  const answer = (t: Thread): HTMLElement => {
    const form = element("form", { class: "comment-reply", "data-audience": o.section });
    const turn = async (resolved: boolean) => {
      put((await (await call("PATCH", { thread: t.id, resolved })).json()) as Thread);
      toast(resolved ? "Resolved" : "Open again");
    };
    if (t.resolved) {
      form.append(element("div", { class: "row" }, button("Open again", false)));
      sends(form, () => turn(false));
      return form;
    }
    const field = element("textarea", { class: "input", name: "reply", rows: "2", maxlength: "10000", placeholder: "Reply", "aria-label": "Reply" });
    const resolve = element("button", { class: "btn btn-small push-right", type: "button" }, icon("check"), "Resolve");
    resolve.addEventListener("click", () => void turn(true).catch((error: Error) => toast(error.message)));
    const inside = note(t.quote);
    form.append(field, ...audience(), ...(inside ? [element("p", { class: "meta" }, inside)] : []), element("div", { class: "row" }, button("Reply", true), resolve));
    escape(form, () => back(t.id));
    sends(form, async () => {
      if (field.value.trim() === "") return field.focus();
      const thread = (await (await call("POST", { thread: t.id, text: field.value })).json()) as Thread;
      field.value = "";
      put(thread);
    });
    return form;
  };

  // escape is what Escape does in a form.
  const escape = (form: HTMLElement, leave: () => void) => {
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      leave();
    });
  };

  // back leads from a card into the text: to the words that it is about.
  const back = (id: string) => {
    if (narrow.matches) {
      opened = false;
      show();
    }
    if (!goTo(id)) view?.focus();
  };

  // sends runs what a form does, once at a time, and says in the form what went
  // wrong. Ctrl+Enter sends too.
  const sends = (form: HTMLFormElement, run: () => Promise<void> | void) => {
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
      event.stopPropagation(); // the editor's keys are not for here
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const buttons = $$<HTMLButtonElement>("button", form);
      for (const b of buttons) b.disabled = true;
      $(".banner", form)?.remove();
      Promise.resolve()
        .then(run)
        .catch((error: unknown) => {
          const text = error instanceof TypeError || !(error instanceof Error) ? "The server cannot be reached. What you typed is still here; try again." : error.message;
          form.prepend(element("div", { class: "banner banner-danger", role: "alert" }, icon("circle-alert"), element("p", {}, text)));
        })
        .finally(() => {
          for (const b of buttons) b.disabled = false;
        });
    });
  };

  // ---- going between text and cards

  const activate = (id: string) => {
    for (const [key, { card }] of cards) card.classList.toggle("is-active", key === id);
    if (view && view.state.field(marks).active !== id) view.dispatch({ effects: activated.of(id) });
  };

  const goTo = (id: string): boolean => {
    const at = view ? placesIn(view).get(id) : undefined;
    if (!view || !at) return false;
    activate(id);
    view.dispatch({ selection: { anchor: at.from, head: at.to }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
    view.focus();
    return true;
  };

  // threadAt is the open thread about the words at a place, "" without one.
  const threadAt = (own: EditorView, at: number): string => {
    let found = "";
    own.state.field(marks).places.between(at, at, (_from, _to, mark) => {
      if (idOf(mark) !== draft) found = idOf(mark);
    });
    return found;
  };

  // follow marks the card of the words that the cursor is in.
  const follow = (update: ViewUpdate) => {
    const at = update.state.selection.main.head;
    const here = threadAt(update.view, at);
    if (here === update.state.field(marks).active) return;
    queueMicrotask(() => {
      activate(here);
      cards.get(here)?.card.scrollIntoView({ block: "nearest" });
    });
  };

  // ---- a new thread

  const begin = (target: EditorView): boolean => {
    let { from, to } = target.state.selection.main;
    // With the caret in words that are spoken about, one joins in.
    const known = from === to ? threadAt(target, from) : "";
    if (known && cards.has(known)) {
      opened = true;
      show();
      activate(known);
      $("textarea[name=reply]", cards.get(known)?.card)?.focus();
      return true;
    }
    if (from === to) ({ from, to } = target.state.doc.lineAt(from));
    const raw = target.state.sliceDoc(from, to);
    from += raw.length - raw.trimStart().length;
    to -= raw.length - raw.trimEnd().length;
    if (to - from > 3000) {
      toast("Select a shorter piece of the text to comment on it.");
      return true;
    }
    const about = to > from;
    const quote = about ? target.state.sliceDoc(from, to) : "";
    const field = element("textarea", { class: "input", rows: "3", maxlength: "10000", "aria-label": "Your comment", placeholder: external && o.readers ? `Comment for us and ${o.readers}` : "Comment" });
    const cancel = element("button", { class: "btn btn-small", type: "button" }, "Cancel");
    const form = element("form", { class: "comment-reply", "data-audience": o.section });
    const inside = note(quote);
    form.append(field, ...audience(), ...(inside ? [element("p", { class: "meta" }, inside)] : []), element("div", { class: "row" }, button("Comment", true), cancel));
    const box = element("section", { class: "panel comment-thread is-active", "aria-label": "New comment" });
    if (about) box.append(words(quote, null));
    else box.append(element("p", { class: "comment-quote" }, "About the whole page"));
    box.append(form);
    const end = () => {
      cards.delete(draft);
      target.dispatch({ effects: placed.of([{ id: draft, at: null }]) });
      show();
      target.focus();
    };
    cancel.addEventListener("click", end);
    escape(form, () => {
      if (field.value.trim() === "") end();
      else ask("Throw away what you typed?", "Throw away", true, end);
    });
    sends(form, async () => {
      if (field.value.trim() === "") return field.focus();
      const at = placesIn(target).get(draft);
      const text = target.state.doc.toString();
      const now = at ? { quote: text.slice(at.from, at.to), ...around(text, at), line: target.state.doc.lineAt(at.from).number } : {};
      if (about && !at) throw new Error("The words were deleted while you wrote. Copy your comment, and choose other words.");
      const send = async () => (await (await call("POST", { text: field.value, ...now })).json()) as Thread;
      // What was typed a moment ago may be on its way to the server still.
      const thread = await send().catch(async (error: unknown) => {
        if (!at || error instanceof TypeError) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1200));
        return send();
      });
      cards.delete(draft);
      target.dispatch({ effects: placed.of([{ id: draft, at: null }, { id: thread.id, at: at ?? null }]) });
      put(thread);
      activate(thread.id);
      o.say("Comment added");
      target.focus();
    });
    cards.set(draft, { drawn: "", card: box });
    target.dispatch({ effects: [placed.of([{ id: draft, at: about ? { from, to } : null }]), activated.of(draft)] });
    show();
    field.focus();
    return true;
  };

  // ---- the extension

  let later = 0;
  const plugin = ViewPlugin.define((own) => {
    view = own;
    const look = () => {
      if (!document.hidden) void refresh();
    };
    const timer = window.setInterval(look, every);
    document.addEventListener("visibilitychange", look);
    narrow.addEventListener("change", show);
    // The view is being made; it takes changes from the next turn on.
    const first = window.setTimeout(look, 0);
    return {
      update(update: ViewUpdate) {
        if (update.docChanged) {
          clearTimeout(later);
          later = window.setTimeout(show, 400); // words may have gone, or changed places
        }
        if (update.selectionSet && own.hasFocus) follow(update);
      },
      destroy() {
        clearInterval(timer);
        clearTimeout(first);
        clearTimeout(later);
        document.removeEventListener("visibilitychange", look);
        narrow.removeEventListener("change", show);
        view = null;
      },
    };
  });

  const click = EditorView.domEventHandlers({
    click(event, own) {
      const mark = (event.target as Element).closest(".commented");
      if (!mark) return false;
      const at = own.posAtDOM(mark);
      own.state.field(marks).places.between(at, at + 1, (_from, _to, m) => {
        const box = cards.get(idOf(m))?.card;
        if (!box) return;
        opened = true;
        show();
        activate(idOf(m));
        box.scrollIntoView({ block: "nearest" });
        return false;
      });
      return false;
    },
  });

  return {
    extension: [marks, plugin, click, Prec.high(keymap.of([{ key: "Mod-Alt-m", run: begin, preventDefault: true }]))],
    begin,
    refresh,
  };
}

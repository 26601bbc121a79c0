// The live editor: a page that several people write at once. This file puts the
// parts together; each part knows nothing of the others.
import { defaultKeymap } from "@codemirror/commands";
import { highlightSelectionMatches } from "@codemirror/search";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { type Command, EditorView, drawSelection, dropCursor, highlightActiveLine, keymap, lineNumbers, rectangularSelection } from "@codemirror/view";
import { yCollab } from "y-codemirror.next";
import * as Y from "yjs";
import { $, $$, inText, storage } from "../dom";
import { ask, showDialog } from "../menus";
import { words } from "../text";
import { toast } from "../toast";
import { Banners, keep } from "./banners";
import * as commands from "./commands";
import { commentLayer } from "./comments";
import { completions } from "./complete";
import { type Config, readConfig } from "./config";
import { Connection, closed } from "./connection";
import { finding, openSearchPanel } from "./find";
import { showShortcuts } from "./help";
import { lineEnds } from "./lineends";
import { linkWarnings } from "./linkwarn";
import { Lookup } from "./lookup";
import { pasting, pickFiles } from "./paste";
import { People } from "./people";
import { Presence } from "./presence";
import { readAlong } from "./reader";
import { livePreview, markdownSource } from "./preview";
import { markdownKeys } from "./preview-keys";
import { beginFact, clear, kinds, slashMenu } from "./slash";
import { Status } from "./status";
import { type Actions, enterToolbar, press, setUpToolbar } from "./toolbar";
import { undoSteps } from "./undo";
import { World } from "./world";

const config = readConfig();
if (config) void open(config);

async function open(config: Config): Promise<void> {
  const host = $("[data-live-editor]");
  const root = $("[data-live]");
  const bar = $("[data-live-toolbar]");
  const box = $("[data-live-banners]");
  if (!host || !root || !bar || !box) return;

  const conn = new Connection(config);
  const status = new Status(conn);
  const banners = new Banners(box);
  const people = new People(config.me.handle ?? "", (text) => status.say(text));
  let view: EditorView | null = null;
  const presence = new Presence(conn.provider.awareness, conn.text, () => people.show(view));
  people.join(presence);
  watch(config, conn, banners, () => view);

  conn.provider.awareness.setLocalState({
    user: { id: config.me.handle, name: config.me.name, color: config.me.color }, // the server says it anew
    cursor: null,
  });
  await conn.start();
  await firstText(conn);

  const named = `${config.complete}?${new URLSearchParams({ prospect: config.prospect, section: config.section, stage: config.stage })}`;
  const lookup = new Lookup(named);
  const world = new World(config, lookup);
  let away = false;
  conn.on("change", () => {
    if (away && conn.link === "live") world.again();
    away = conn.link === "away";
  });
  // The text as the page, or as its source.
  const writing = (source: boolean): Extension =>
    source ? [markdownSource(), markdownKeys(), lineNumbers(), highlightActiveLine()] : livePreview(world);
  const panel = $("[data-live-comments]");
  if (panel) panel.dataset.people = named;
  const comments =
    panel && config.comments
      ? commentLayer({
          api: config.comments,
          panel,
          section: config.home ? "shared" : config.section,
          readers: config.readers,
          note: config.write ? panel.dataset.note ?? "" : "",
          stage: config.stage,
          title: config.title,
          say: (text) => status.say(text),
        })
      : null;
  const source = new Compartment();
  const writable = new Compartment();
  const undoManager = new Y.UndoManager(conn.text, { captureTimeout: 500 });
  const mayWrite = (on: boolean): Extension => [EditorState.readOnly.of(!on), EditorView.editable.of(on)];

  // ---- what the keys and buttons do

  let inSource = storage.get("dealwiki:source") === "on";
  const switchSource = (view: EditorView) => {
    inSource = !inSource;
    storage.set("dealwiki:source", inSource ? "on" : "off");
    view.dispatch({ effects: source.reconfigure(writing(inSource)) });
    root.dataset.mode = inSource ? "source" : "preview";
    press("source", inSource);
    status.say(inSource ? "Showing the source" : "Showing the page");
    view.focus();
    return true;
  };
  let asked = false; // for a version, whose answer is still to come
  let told: ((text: string) => boolean) | null = null;
  conn.on("version", (v) => {
    // The server may write the ids of new facts into one more version: what is
    // said of the first is put right while it is read.
    if (asked) told = toast(`Saved as version ${v.number}`);
    else if (told && !told(`Saved as version ${v.number}`)) told = null;
    asked = false;
  });
  conn.on("notice", (n) => {
    if (n.code === "unchanged" && asked) toast(n.text);
    asked = false;
  });
  const refused = () => {
    toast("You can read this page but not change it.");
    status.say("You can read this page but not change it.");
  };
  const checkpoint = (message: string) => {
    if (!conn.mayWrite) return refused();
    if (!conn.checkpoint(message)) {
      toast("You are offline. It is kept here and becomes a version later.");
      return;
    }
    asked = true;
  };
  const undo = () => {
    undoManager.undo();
    return true;
  };
  const redo = () => {
    undoManager.redo();
    return true;
  };
  const save = () => {
    checkpoint("");
    return true;
  };
  const beside = (command: Command) => commands.besideTables(command, toast);
  const actions: Actions = {
    undo,
    redo,
    heading: beside(commands.nextLevel),
    bold: commands.marked("**"),
    italic: commands.marked("*"),
    strike: commands.marked("~~"),
    code: commands.code,
    list: beside(commands.listed("bullet")),
    numbers: beside(commands.listed("number")),
    task: beside(commands.listed("task")),
    quote: beside(commands.quote),
    table: commands.table(3, 3),
    page: commands.pageLink,
    link: commands.link,
    find: (v) => openSearchPanel(v),
    source: switchSource,
    help: () => showShortcuts(),
    attach: (v) => pickFiles(v),
    ...(comments ? { comment: comments.begin } : {}),
    name: () => showDialog("live-name"),
    ...Object.fromEntries(kinds.map((kind) => [`fact-${kind}`, (v: EditorView) => commands.fact(kind)(v) || beginFact(kind)(v)])),
  };

  const keys = Prec.high(
    keymap.of([
      { key: "Mod-s", run: save, preventDefault: true },
      { key: "Mod-z", run: undo, preventDefault: true },
      { key: "Mod-y", mac: "Mod-Shift-z", run: redo, preventDefault: true },
      { key: "Mod-Shift-z", run: redo, preventDefault: true },
      { key: "Mod-b", run: commands.marked("**"), preventDefault: true },
      { key: "Mod-i", run: commands.marked("*"), preventDefault: true },
      { key: "Mod-Shift-x", run: commands.marked("~~"), preventDefault: true },
      { key: "Mod-e", run: commands.code, preventDefault: true },
      { key: "Mod-k", run: commands.link, preventDefault: true, stopPropagation: true },
      { key: "Mod-Shift-7", run: beside(commands.listed("number")), preventDefault: true },
      { key: "Mod-Shift-8", run: beside(commands.listed("bullet")), preventDefault: true },
      { key: "Mod-Shift-9", run: beside(commands.listed("task")), preventDefault: true },
      { key: "Mod-Shift-.", run: beside(commands.quote), preventDefault: true },
      ...[0, 1, 2, 3, 4].map((n) => ({ key: `Mod-Alt-${n}`, run: beside(commands.level(n)), preventDefault: true })),
      { key: "Mod-Alt-s", run: switchSource, preventDefault: true },
      {
        key: "Mod-/",
        run: () => {
          showShortcuts();
          return true;
        },
        preventDefault: true,
      },
      {
        key: "Escape",
        run: () => {
          if (!presence.followed) return false;
          presence.stop();
          return true;
        },
      },
    ]),
  );

  view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: conn.text.toString(),
      extensions: [
        EditorState.lineSeparator.of("\n"), // a carriage return stays a character
        lineEnds(),
        EditorView.cspNonce.of(config.nonce),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": config.home ? `Text of ${config.title}` : `Text of ${config.title}, ${config.section} page`,
          tabindex: "0",
          spellcheck: "true",
          autocorrect: "on",
          autocapitalize: "sentences",
          writingsuggestions: "false",
        }),
        EditorState.tabSize.of(4),
        EditorView.scrollMargins.of(() => ({ top: 32, bottom: 72 })), // room for a flag above, for a thought below
        writable.of(mayWrite(config.write)),
        drawSelection(),
        dropCursor(),
        rectangularSelection(),
        keys,
        undoSteps(undoManager),
        yCollab(conn.text, null, { undoManager }),
        presence.extension(), // after yCollab: it needs the document as it is after a change
        config.write
          ? [
              slashMenu({
                section: config.home ? "shared" : config.section,
                templates: async () => (await lookup.find("template", "")).map(({ label, text }) => ({ name: label, text })),
              }),
              completions({ lookup }),
              pasting({ files: config.files, maxFile: config.maxFile }),
              linkWarnings({ section: config.section, prospect: config.prospect, guest: config.me.guest || config.home !== "", lookup }),
            ]
          : [],
        comments?.extension ?? [],
        finding({ undo, redo }),
        highlightSelectionMatches(),
        keymap.of([
          { key: "Tab", run: commands.deeper, shift: commands.shallower },
          ...defaultKeymap.filter((binding) => binding.key !== "Mod-/" && binding.key !== "Mod-i" && binding.key !== "Mod-Alt-\\"),
        ]),
        source.of(writing(inSource)),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) countSoon(update.view);
        }),
      ],
    }),
  });
  const editor = view;
  world.view = editor;
  root.dataset.mode = inSource ? "source" : "preview";
  press("source", inSource);
  setUpToolbar(bar, editor, actions);
  if (!config.write) bar.hidden = true;
  people.show(editor);
  let reading = config.write ? null : readAlong(refused);
  if (!config.write) banners.show("read", "info", "You are reading along.", `You see what others write as they write it. ${config.home ? "Whoever invited you" : "Whoever owns this space"} can let you write too.`);
  conn.on("write", (may) => {
    editor.dispatch({ effects: writable.reconfigure(mayWrite(may && config.write)) });
    banners.hide("read");
    reading?.();
    reading = may && config.write ? null : readAlong(refused);
    if (!may) {
      const lost = conn.pending > 0 ? " What you typed last was not saved: keep it if you need it." : "";
      banners.show("read", "warn", "You can read this page but not change it any more.", `Somebody changed what you may do here.${lost}`, conn.pending > 0 ? keep(config.title, () => editor.state.doc.toString()) : []);
    } else if (!config.write) {
      banners.show("read", "info", "You may write here now.", "", [{ label: "Start writing", icon: "pencil", run: () => location.reload() }]);
    }
  });
  count(editor);
  void comments?.refresh();
  conn.on("notice", ({ code }) => {
    if (code === "comments" && !document.hidden) void comments?.refresh();
  });
  let link = conn.link;
  conn.on("change", () => {
    if (link === "away" && conn.link !== "away") void comments?.refresh(); // nobody told meanwhile
    link = conn.link;
  });
  fitKeyboard(root, editor);
  conn.on("end", () => editor.dispatch({ effects: writable.reconfigure(mayWrite(false)) }));

  // ---- the page around the text

  for (const button of $$("[data-live-done]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      clear(editor, true);
      void leave(config, conn);
    });
  }
  window.addEventListener("pagehide", () => clear(editor, true));
  const naming = $<HTMLFormElement>("#live-name form");
  naming?.addEventListener("submit", (event) => {
    if ((event.submitter as HTMLButtonElement | null)?.value !== "save") return;
    const field = naming.elements.namedItem("message") as HTMLInputElement;
    checkpoint(field.value.trim());
    field.value = "";
  });
  document.addEventListener("keydown", (event) => {
    // The same keys with the focus outside of the text.
    if (event.defaultPrevented) return;
    if (event.altKey && event.key === "F10" && !bar.hidden) {
      event.preventDefault();
      enterToolbar(bar);
    }
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.key.toLowerCase() === "s") {
      event.preventDefault();
      save();
    } else if (event.key === "/") {
      event.preventDefault();
      showShortcuts();
    } else if (event.key.toLowerCase() === "f" && !$("dialog[open]")) {
      // The browser would look only at what is on the screen.
      event.preventDefault();
      openSearchPanel(editor);
    }
  });
  // Before the keys of every page, which would leave at once.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || inText(event.target) || $("dialog[open], :popover-open")) return;
      const at = event.target instanceof Element ? event.target : document.body;
      if (at.closest("[data-live-toolbar], .cm-panels, .lp-table, [data-live-comments] form")) return; // they have an Escape of their own
      event.preventDefault();
      if (at.closest("[data-live-comments]")) return editor.focus();
      if (presence.followed) presence.stop();
      else {
        clear(editor, true);
        void leave(config, conn);
      }
    },
    true,
  );
  // On a page that is only its title yet, writing begins below or behind it.
  if (/^# [^\n]*\s*$/.test(editor.state.doc.toString())) editor.dispatch({ selection: { anchor: editor.state.doc.length } });
  editor.focus();
}

// firstText waits until there is a text to show: the server's, or the copy that
// is kept here.
function firstText(conn: Connection): Promise<void> {
  if (conn.ready || conn.text.length > 0) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (conn.ready || conn.text.length > 0 || conn.link === "ended") resolve();
    };
    conn.on("change", look);
  });
}

// watch says what becomes of the connection.
function watch(config: Config, conn: Connection, banners: Banners, view: () => EditorView | null): void {
  const text = () => view()?.state.doc.toString() ?? conn.text.toString();
  const again = { label: "Load the page anew", icon: "refresh-cw", run: () => location.reload() };
  let timer = 0;
  conn.on("change", () => {
    if (conn.link !== "away") {
      clearTimeout(timer);
      timer = 0;
      banners.hide("away");
      return;
    }
    if (timer) return;
    // A moment without connection is nothing to speak of.
    timer = window.setTimeout(() => {
      const since = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(conn.awaySince);
      banners.show("away", "warn", `You are offline since ${since}.`, "Keep writing: changes are kept in this browser and merge by themselves when you are back.", [
        { label: "Try to reconnect", icon: "refresh-cw", run: () => conn.reconnect() },
        ...keep(config.title, text),
      ]);
    }, 2500);
  });
  conn.on("notice", ({ code, text }) => {
    if (code === "unchanged" || code === "moved" || code === "comments") return; // said elsewhere, or followed by a close code
    if (code === "closing" || code === "merged") return toast(text);
    const kind = `notice-${code}`;
    banners.show(kind, "warn", "", text, [{ label: "Understood", run: () => banners.hide(kind) }]);
  });
  conn.on("end", (code, reason) => {
    banners.hide("away");
    const kept = conn.pending > 0 ? keep(config.title, text) : [];
    switch (code) {
      case closed.signedOut:
        banners.show("end", "danger", "You are signed out.", signedOutWith(conn), [
          { label: "Sign in again", icon: "key-round", run: () => location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`) },
          ...kept,
        ]);
        if (!conn.shared) void conn.forget(); // nothing in the copy that is not on the server
        return;
      case closed.moved:
        void conn.follow(reason).then(() => location.replace(pageAt(config, reason)));
        return;
      case closed.stale:
        if (conn.pending === 0) {
          void conn.forget().then(() => location.reload());
          return;
        }
        banners.show("end", "danger", "This page was restored from a backup.", "Your copy does not fit it any more. Keep your text, load the page anew, and add what is missing.", [
          ...keep(config.title, text),
          { ...again, run: () => void conn.forget().then(() => location.reload()) },
        ]);
        return;
      case closed.gone:
        banners.show("end", "danger", "This page is not there any more,", "or you may no longer open it. What you see is the last of it: keep what you need.", [
          ...(text() === "" ? [] : keep(config.title, text)),
          { label: "Go to the space", icon: "arrow-left", run: () => location.assign(config.home || `/p/${encodeURIComponent(config.prospect)}`) },
        ]);
        void conn.forget();
        return;
      case closed.tooLarge:
        banners.show("end", "danger", "This is too large for one page.", "Keep your text, load the page anew, and split it into two pages.", [
          ...keep(config.title, text),
          { ...again, run: () => void conn.forget().then(() => location.reload()) },
        ]);
        return;
    }
    banners.show("end", "danger", "The server did not take your last change.", "Keep your text, load the page anew, and make the change once more.", [
      ...keep(config.title, text),
      { ...again, run: () => void conn.forget().then(() => location.reload()) },
    ]);
  });
  const start = () => {
    if (conn.rescued === null) return;
    const rescued = conn.rescued;
    conn.rescued = null;
    banners.show("rescued", "warn", "You wrote here before this page was restored from a backup.", "That text did not reach the server. Keep it and add what is missing.", [
      ...keep(`${config.title}, my copy`, () => rescued),
      { label: "Throw it away", icon: "trash-2", run: () => ask("Throw your copy away? It exists nowhere else.", "Throw away", true, () => banners.hide("rescued")) },
    ]);
  };
  conn.on("change", start);
}

// signedOutWith says what became of the last words.
function signedOutWith(conn: Connection): string {
  if (conn.pending === 0) return "Everything that you wrote was saved before.";
  if (conn.keeps) return "What you wrote is kept in this browser and merges when you sign in again.";
  return "What you wrote last did not reach the server, and it is in this window only. Keep the text before you close it.";
}

function pageAt(config: Config, place: string): string {
  if (config.home) return `${config.home}/${encodeURIComponent(place.split("/").pop() ?? place)}?edit`;
  const path = place.split("/").map(encodeURIComponent).join("/");
  return config.page.slice(0, config.page.length - config.place.length) + path + "?edit";
}

// leave goes to the reading page when everything is safe and in a version, or
// asks.
async function leave(config: Config, conn: Connection): Promise<void> {
  const go = () => location.assign(config.leave || config.page);
  if (conn.link === "ended" || (!conn.mayWrite && conn.pending === 0)) return go();
  if (!conn.mayWrite) {
    ask("What you typed last was not saved: you may not write here any more. Leave now?", "Leave", true, go);
    return;
  }
  if (conn.link !== "live") {
    if (conn.pending === 0) return go();
    ask("You are offline. Your changes are kept in this browser and merge when you open this page again. Leave now?", "Leave", false, go);
    return;
  }
  for (const button of $$("[data-live-done]")) button.setAttribute("aria-busy", "true");
  if (!(await conn.settled(10_000))) {
    for (const button of $$("[data-live-done]")) button.removeAttribute("aria-busy");
    ask("The server has not taken everything yet. It is kept in this browser and merges when you open this page again. Leave now?", "Leave", false, go);
    return;
  }
  if (conn.dirty && conn.checkpoint("")) {
    await new Promise<void>((resolve) => {
      conn.on("version", () => resolve());
      conn.on("notice", () => resolve());
      setTimeout(resolve, 5000);
    });
  }
  go();
}

let counting = 0;

function countSoon(view: EditorView): void {
  clearTimeout(counting);
  counting = window.setTimeout(() => count(view), 400);
}

function count(view: EditorView): void {
  const n = words(view.state.doc.toString());
  for (const el of $$("[data-live-words]")) el.textContent = n === 1 ? "1 word" : `${n.toLocaleString("en")} words`;
}

// fitKeyboard keeps the page above the keyboard of a phone, which covers a part
// of the window without making it smaller, and the caret in sight.
function fitKeyboard(root: HTMLElement, view: EditorView): void {
  const seen = window.visualViewport;
  if (!seen) return;
  let height = 0;
  const fit = () => {
    root.style.setProperty("--live-covered", `${Math.max(0, Math.round(innerHeight - seen.height - seen.offsetTop))}px`);
    // What little room there is belongs to the text.
    document.documentElement.toggleAttribute("data-narrow-and-low", seen.width <= 760 && seen.height < 560);
    if (seen.height === height) return;
    height = seen.height;
    const here = document.activeElement;
    if (view.hasFocus) view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head) });
    else if (here?.matches(".lp-cell")) here.scrollIntoView({ block: "nearest" });
  };
  seen.addEventListener("resize", fit);
  seen.addEventListener("scroll", fit);
  fit();
}

// The menu behind “/”: facts, things to insert and the playbook's templates.
import { type CompletionContext, type CompletionResult, snippet, startCompletion } from "@codemirror/autocomplete";
import { EditorSelection, EditorState, type Extension, Prec, StateEffect, StateField, type Text } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { element } from "../dom";
import { type Choice, choices, inCode, putDown, section, tableAt } from "./choices";
import { namedDates } from "./dates";
import { newID } from "./ids";
import { pickFiles } from "./paste";

// Template is a text of the playbook with its placeholders filled in.
export interface Template {
  name: string;
  text: string;
}

export interface SlashOptions {
  section: "internal" | "external" | "shared";
  // templates of this section and stage; asked once, when the menu first opens.
  templates?: () => Promise<Template[]>;
  now?: () => Date;
}

type Act = (view: EditorView, from: number, to: number) => void;

interface Entry {
  label: string;
  detail: string;
  symbol: string;
  fact?: string;
  also: string; // other words it is found by
  inline?: true; // fits into a cell of a table
  act: Act;
}

const facts: [kind: string, label: string, detail: string, symbol: string, also: string][] = [
  ["commitment", "Commitment", "a promise we made", "handshake", "promise owe"],
  ["decision", "Decision", "settled, by whom", "gavel", "decided agreed"],
  ["requirement", "Requirement", "they need it", "list-checks", "need must"],
  ["question", "Open question", "owner and date", "circle-help", "ask unknown"],
  ["risk", "Risk", "what may go wrong", "triangle-alert", "danger threat"],
  ["stakeholder", "Stakeholder", "who counts, and how", "contact", "person buyer influencer contact"],
];

// ---- inserting

// quotePrefix is what stands before the text of a line in quotes and lists.
const marker = /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?|#{1,6}[ \t]+)?$/;

interface Gap {
  from: number;
  to: number;
  lead: string;
  trail: string;
}

// gap finds where a block goes that replaces from–to: on lines of its own, with
// an empty line around it.
function gap(doc: Text, from: number, to: number): Gap {
  const line = doc.lineAt(from);
  const before = line.text.slice(0, from - line.from);
  const after = doc.sliceString(to, line.to);
  const bare = marker.test(before);
  const start = bare ? line.from : from - (before.length - before.trimEnd().length);
  const above = line.number > 1 ? doc.line(line.number - 1).text.trim() : "";
  const below = line.number < doc.lines ? doc.line(line.number + 1).text.trim() : "";
  const end = after.trim() === "" ? line.to : to + (after.length - after.trimStart().length);
  return {
    from: start,
    to: end,
    lead: bare ? (above === "" ? "" : "\n") : "\n\n",
    trail: after.trim() === "" ? (line.number === doc.lines ? "\n" : below === "" ? "" : "\n") : "\n\n",
  };
}

// block inserts a template of fields as a block.
function block(template: string): Act {
  return (view, from, to) => {
    const place = gap(view.state.doc, from, to);
    snippet(place.lead + template + place.trail)(view, null, place.from, place.to);
  };
}

// line turns the line into one of its kind and leaves the cursor in it.
function line(mark: string): Act {
  return (view, from, to) => {
    const { doc } = view.state;
    const own = doc.lineAt(from);
    const before = own.text.slice(0, from - own.from);
    if (marker.test(before)) {
      view.dispatch({
        changes: { from: own.from, to, insert: mark },
        selection: EditorSelection.cursor(own.from + mark.length),
        userEvent: "input.complete",
      });
      return;
    }
    const place = gap(doc, from, to);
    view.dispatch({
      changes: { from: place.from, to: place.to, insert: place.lead + mark + place.trail },
      selection: EditorSelection.cursor(place.from + place.lead.length + mark.length),
      userEvent: "input.complete",
    });
  };
}

function text(insert: string, then?: (view: EditorView) => void): Act {
  return (view, from, to) => {
    view.dispatch({
      changes: { from, to, insert },
      selection: EditorSelection.cursor(from + insert.length),
      userEvent: "input.complete",
      scrollIntoView: true,
    });
    then?.(view);
  };
}

function fact(kind: string): Act {
  return (view, from, to) => {
    const fields =
      kind === "stakeholder" ? " role:${} influence:${} access:${}" : kind === "decision" || kind === "requirement" ? " @${}" : " @${} due:${}";
    const place = gap(view.state.doc, from, to);
    const start = place.from + place.lead.length;
    snippet(`${place.lead}> [!${kind}] \${}${fields} ^${newID(kind)}\n> \${}${place.trail}`)(view, null, place.from, place.to);
    view.dispatch({ effects: begun.of(start) });
  };
}

// kinds are those of facts, in the order of the menu.
export const kinds: readonly string[] = facts.map(([kind]) => kind);

// beginFact puts in an empty fact with its fields, at the caret or below the
// table that it is in.
export function beginFact(kind: string): (view: EditorView) => boolean {
  return (view) => {
    const { head } = view.state.selection.main;
    const at = tableAt(view.state, head)?.to ?? head;
    if (view.state.readOnly) return false;
    fact(kind)(view, at, at);
    view.focus();
    return true;
  };
}

function task(): Act {
  return (view, from, to) => {
    const own = view.state.doc.lineAt(from);
    const before = own.text.slice(0, from - own.from);
    const bare = marker.test(before);
    const start = bare ? own.from : from;
    const indent = bare ? (/^[ \t]*/.exec(before)?.[0] ?? "") : "";
    const lead = bare ? "" : "\n";
    snippet(`${lead}- [ ] \${} @\${} due:\${} ^${newID("action")}\n\${}`)(view, null, start + indent.length, to);
    view.dispatch({ effects: begun.of(start + lead.length) });
  };
}

// pickDate asks for a day with the browser's own calendar.
function pickDate(view: EditorView, from: number, to: number): void {
  text("")(view, from, to);
  const input = element("input", { type: "date", class: "input", "aria-label": "Date" });
  const form = element(
    "form",
    { method: "dialog", class: "live-date" },
    element("label", { class: "field" }, element("span", { class: "field-label" }, "Date"), input),
    element(
      "div",
      { class: "row" },
      element("button", { type: "button", class: "btn", value: "" }, "Cancel"),
      element("button", { class: "btn btn-primary", value: "insert" }, "Insert"),
    ),
  );
  const dialog = element("dialog", { class: "menu live-dialog", "aria-label": "Pick a date" }, form);
  form.querySelector("button")?.addEventListener("click", () => dialog.close(""));
  dialog.addEventListener("close", () => {
    dialog.remove();
    view.focus();
    if (dialog.returnValue !== "insert" || !input.value) return;
    const at = view.state.selection.main.head;
    text(input.value)(view, at, at);
  });
  document.body.append(dialog);
  dialog.showModal();
  try {
    input.showPicker();
  } catch {
    // The field is there to be typed in.
  }
}

function insertTemplate(template: string): Act {
  return (view, from, to) => {
    const place = gap(view.state.doc, from, to);
    const body = template.replace(/\r\n?/g, "\n").replace(/^---\n[\s\S]*?\n---\n/, "").trim();
    view.dispatch({
      changes: { from: place.from, to: place.to, insert: place.lead + body + place.trail },
      selection: EditorSelection.cursor(place.from + place.lead.length),
      userEvent: "input.complete",
      scrollIntoView: true,
    });
  };
}

function inserts(now: Date): Entry[] {
  const dates = namedDates(now);
  const named = (name: string) => dates.find((d) => d.name === name);
  const day = (label: string, name: string, also: string): Entry[] => {
    const found = named(name);
    if (!found) return [];
    return [{ label, detail: found.said, symbol: "calendar", also, inline: true, act: text(found.date) }];
  };
  return [
    { label: "Heading 1", detail: "#", symbol: "heading-1", also: "h1 title", act: line("# ") },
    { label: "Heading 2", detail: "##", symbol: "heading-2", also: "h2 section", act: line("## ") },
    { label: "Heading 3", detail: "###", symbol: "heading-3", also: "h3", act: line("### ") },
    {
      label: "Table",
      detail: "3 × 3",
      symbol: "table-2",
      also: "grid columns rows",
      act: block("| ${Column} | ${Column 2} | ${Column 3} |\n| --- | --- | --- |\n| ${} |  |  |\n|  |  |  |"),
    },
    { label: "Task", detail: "owner and date", symbol: "list-checks", also: "todo action checkbox", act: task() },
    { label: "Bulleted list", detail: "-", symbol: "list", also: "ul points", act: line("- ") },
    { label: "Numbered list", detail: "1.", symbol: "list-ordered", also: "ol ordered steps", act: line("1. ") },
    { label: "Quote", detail: ">", symbol: "text-quote", also: "blockquote said", act: line("> ") },
    { label: "Code block", detail: "```", symbol: "code", also: "pre program", act: block("```${}\n${}\n```") },
    { label: "Divider", detail: "---", symbol: "minus", also: "line rule hr separator", act: block("---\n\n${}") },
    ...day("Date", "Today", "today now"),
    ...day("Tomorrow", "Tomorrow", "date"),
    ...day("Next Monday", "Next Monday", "date week"),
    { label: "Pick a date", detail: "calendar", symbol: "calendar", also: "date day other", act: pickDate },
    { label: "Page link", detail: "[[", symbol: "file-symlink", also: "wiki page", inline: true, act: text("[[", startCompletion) },
    { label: "Mention", detail: "@", symbol: "user-round", also: "person at people", inline: true, act: text("@", startCompletion) },
    {
      label: "Image or file",
      detail: "upload",
      symbol: "paperclip",
      also: "picture photo attach attachment upload pdf",
      act: (view, from, to) => {
        text("")(view, from, to);
        pickFiles(view);
      },
    },
  ];
}

// fits tells how well a choice answers what was typed: 0 is best, -1 not at all.
function fits(entry: Entry, query: string): number {
  if (query === "") return 0;
  const label = entry.label.toLowerCase();
  if (label.startsWith(query)) return 0;
  if (label.split(" ").some((word) => word.startsWith(query))) return 1;
  if (entry.also.split(" ").some((word) => word.startsWith(query))) return 2;
  return label.includes(query) ? 3 : -1;
}

const opening = /(?:^|\s)\/([\p{L}\p{N}][\p{L}\p{N} ]{0,24})?$/u;

// ---- what was begun and left empty

// begun is where a fact or task with fields was just put in.
const begun = StateEffect.define<number>({ map: (at, changes) => changes.mapPos(at, 1) });

const open = StateField.define<number | null>({
  create: () => null,
  update(at, tr) {
    let now = at === null ? null : tr.changes.mapPos(at, 1);
    for (const effect of tr.effects) {
      if (effect.is(begun)) now = effect.value;
      if (effect.is(ended)) now = null;
    }
    return now;
  },
});
const ended = StateEffect.define<null>();

const first = /^\s*(?:> \[!\w+\]|[-*+] \[[ xX]\])/;

// clear takes away the fields nobody filled in, unless the cursor is there.
export function clear(view: EditorView, wherever = false): void {
  const { state } = view;
  const start = state.field(open, false) ?? null;
  if (start === null || start > state.doc.length) return;
  const head = state.doc.lineAt(start);
  const body = head.number < state.doc.lines ? state.doc.line(head.number + 1) : null;
  const cursor = state.selection.main.head;
  const inHead = cursor >= head.from && cursor <= head.to;
  const inBody = body !== null && body.text.startsWith(">") && cursor >= body.from && cursor <= body.to;
  if ((inHead || inBody) && view.hasFocus && !wherever) return;
  if (!first.test(head.text)) {
    view.dispatch({ effects: ended.of(null) });
    return;
  }
  const changes: { from: number; to: number; insert: string }[] = [];
  for (const match of head.text.matchAll(/ (?:@|due:|role:|influence:|access:)(?=\s|$)/g)) {
    changes.push({ from: head.from + match.index, to: head.from + match.index + match[0].length, insert: "" });
  }
  if (body?.text === "> ") changes.push({ from: head.to, to: body.to, insert: "" });
  view.dispatch({ changes, effects: ended.of(null), userEvent: "delete" });
}

// tidy does so once the cursor has left them.
const tidy = EditorView.updateListener.of((update) => {
  if (!update.selectionSet && !update.docChanged && !update.focusChanged) return;
  if (update.state.field(open) !== null) queueMicrotask(() => clear(update.view));
});

// The rest of a first line after its words: owner, attributes and the id.
const tail = /^(?:\s+(?:@[\p{L}\p{N}-]*|[a-z]+:\S*))*\s+\^[a-z]-[0-9a-z]+\s*$/u;

// leave is Enter in a fact or task before its owner, date and id: they stay on
// their line.
function leave(view: EditorView): boolean {
  const { state } = view;
  const { main } = state.selection;
  if (!main.empty || state.readOnly) return false;
  const own = state.doc.lineAt(main.head);
  const start = first.exec(own.text);
  if (!start || main.head < own.from + start[0].length || !tail.test(own.text.slice(main.head - own.from))) return false;
  const quote = own.text.trimStart().startsWith(">");
  if (quote && own.number < state.doc.lines) {
    const below = state.doc.line(own.number + 1);
    if (below.text === "> " || below.text === ">") {
      view.dispatch({ selection: EditorSelection.cursor(below.to), scrollIntoView: true, userEvent: "select" });
      return true;
    }
  }
  const indent = /^\s*/.exec(own.text)?.[0] ?? "";
  const insert = `\n${indent}${quote ? "> " : "- [ ] "}`;
  view.dispatch({
    changes: { from: own.to, insert },
    selection: EditorSelection.cursor(own.to + insert.length),
    scrollIntoView: true,
    userEvent: "input.type",
  });
  return true;
}

// slashMenu opens at “/” at the beginning of a line or after a space.
export function slashMenu(o: SlashOptions): Extension {
  const groups = {
    facts: section("Facts · carried into the brief", 0),
    insert: section("Insert", 1),
    template: section("Template", 2),
  };
  let templates: Template[] = [];
  let asked: Promise<void> | undefined;
  const ask = () =>
    (asked ??= (o.templates?.() ?? Promise.resolve([])).then(
      (list) => void (templates = list),
      () => void (asked = undefined),
    ));

  const source = async (context: CompletionContext): Promise<CompletionResult | null> => {
    const { state, pos } = context;
    const own = state.doc.lineAt(pos);
    const before = own.text.slice(Math.max(0, pos - own.from - 40), pos - own.from);
    const match = opening.exec(before);
    if (!match || state.readOnly || inCode(state, pos)) return null;
    if (!context.explicit && putDown(state, pos - (match[1]?.length ?? 0) - 1, pos)) return null;
    const query = (match[1] ?? "").toLowerCase();
    if (o.templates && !context.aborted) await Promise.race([ask(), new Promise((done) => setTimeout(done, 150))]);
    const options: { choice: Choice; rank: number }[] = [];
    const cell = tableAt(state, pos) !== null;
    const add = (entry: Entry, group: { name: string; rank: number; header: () => HTMLElement }, guests: boolean) => {
      const rank = fits(entry, query);
      if (rank < 0 || (cell && !entry.inline)) return;
      options.push({
        rank,
        choice: {
          label: entry.label,
          detail: entry.detail,
          symbol: entry.symbol,
          fact: entry.fact,
          guests,
          section: group,
          apply: (view, _, from, to) => entry.act(view, from, to),
        },
      });
    };
    for (const [kind, label, detail, symbol, also] of facts) {
      const guests = o.section === "external" && (kind === "risk" || kind === "stakeholder");
      add({ label, detail: guests ? "guests will see it" : detail, symbol, fact: kind, also: `${kind} fact ${also}`, act: fact(kind) }, groups.facts, guests);
    }
    for (const entry of inserts((o.now ?? (() => new Date()))())) add(entry, groups.insert, false);
    for (const { name, text: body } of templates) {
      add({ label: name, detail: "template", symbol: "file-text", also: "template", act: insertTemplate(body) }, groups.template, false);
    }
    options.sort((a, b) => a.rank - b.rank);
    if (options.length === 0) return null;
    return { from: pos - (match[1]?.length ?? 0) - 1, options: options.map(({ choice }) => choice), filter: false };
  };
  return [
    choices,
    open,
    tidy,
    Prec.high(keymap.of([{ key: "Enter", run: leave }])),
    EditorState.languageData.of(() => [{ autocomplete: source }]),
  ];
}

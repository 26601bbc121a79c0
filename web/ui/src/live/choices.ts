// The one list of choices that opens under the cursor: the slash menu and all
// completions share it, its keys and its looks.
import {
  acceptCompletion,
  autocompletion,
  closeCompletion,
  type Completion,
  completionStatus,
  hasNextSnippetField,
  hasPrevSnippetField,
  nextSnippetField,
  prevSnippetField,
  startCompletion,
} from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import { type EditorState, type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { type EditorView, keymap } from "@codemirror/view";
import type { SyntaxNode } from "@lezer/common";
import { element, icon } from "../dom";

// Choice is a completion with what is drawn beside its label.
export interface Choice extends Completion {
  symbol?: string; // icon of the sprite
  fact?: string; // kind of fact, which colours the icon
  person?: number; // number of the person's colour, 1 to 8
  initials?: string;
  guests?: boolean; // guests will see what is inserted
}

function front(choice: Choice): Node | null {
  if (choice.person !== undefined) {
    return element("span", { class: `avatar person-${choice.person}`, "aria-hidden": "true" }, choice.initials ?? "");
  }
  if (!choice.symbol) return null;
  return element("span", { class: choice.fact ? `fact-icon fact-${choice.fact}` : "fact-icon" }, icon(choice.symbol));
}

// Tab takes what is chosen; with nothing open it goes to the next field of what
// was just inserted, and offers what belongs there.
function step(move: (view: EditorView) => boolean, can: (state: EditorState) => boolean) {
  return (view: EditorView) => {
    if (!can(view.state) || !move(view)) return false;
    startCompletion(view);
    return true;
  };
}
const next = step(nextSnippetField, hasNextSnippetField);
const previous = step(prevSnippetField, hasPrevSnippetField);

// A list that was put down with Escape stays away while the same words are
// typed on: away is where the cursor was then.
const put = StateEffect.define<number>();
const away = StateField.define<number>({
  create: () => -1,
  update(at, tr) {
    for (const effect of tr.effects) if (effect.is(put)) return effect.value;
    if (at < 0 || !tr.docChanged) return at;
    let erased = false; // of what was there when it was put down
    tr.changes.iterChangedRanges((from, to) => (erased ||= from < at && to >= at));
    return erased ? -1 : tr.changes.mapPos(at, -1);
  },
});

// putDown tells whether the list for the words between two places was put down.
export function putDown(state: EditorState, from: number, to: number): boolean {
  const at = state.field(away, false) ?? -1;
  return at >= from && at <= to;
}

// putAway closes the open list for good.
export function putAway(view: EditorView): boolean {
  if (!closeCompletion(view)) return false;
  view.dispatch({ effects: put.of(view.state.selection.main.head) });
  return true;
}

// choices is a constant, so that every part that needs it may bring it along.
export const choices: Extension = [
  away,
  Prec.highest(
    keymap.of([
      { key: "Escape", run: (view) => completionStatus(view.state) === "active" && putAway(view) },
      { key: "Tab", run: (view) => (completionStatus(view.state) === "active" && acceptCompletion(view)) || next(view) },
      { key: "Shift-Tab", run: previous },
    ]),
  ),
  autocompletion({
    icons: false,
    maxRenderedOptions: 80,
    activateOnTypingDelay: 30,
    tooltipClass: () => "menu live-menu",
    optionClass: () => "menu-item",
    addToOptions: [
      { render: (completion) => front(completion as Choice), position: 20 },
      { render: (completion) => ((completion as Choice).guests ? icon("globe", true) : null), position: 70 },
    ],
  }),
];

// section heads a group of choices.
export function section(name: string, rank: number) {
  return {
    name,
    rank,
    header: () => element("li", { class: "menu-label eyebrow", role: "presentation" }, name),
  };
}

// tableAt is the table that a place is in, where only words of one line fit.
export function tableAt(state: EditorState, at: number): SyntaxNode | null {
  for (let node: SyntaxNode | null = syntaxTree(state).resolveInner(at, -1); node; node = node.parent) {
    if (node.name === "Table") return node;
  }
  return null;
}

// inCode tells whether a place is inside code, where nothing is offered.
export function inCode(state: EditorState, at: number): boolean {
  for (let node = syntaxTree(state).resolveInner(at, -1); node.parent; node = node.parent) {
    if (/Code|CommentBlock|HTMLBlock|ProcessingInstruction/.test(node.name)) return true;
  }
  return false;
}

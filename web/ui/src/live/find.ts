// Finding and replacing in the text.
import {
  closeSearchPanel,
  findNext,
  findPrevious,
  getSearchQuery,
  openSearchPanel,
  replaceAll,
  replaceNext,
  search,
  searchKeymap,
  searchPanelOpen,
  SearchQuery,
  selectMatches,
  setSearchQuery,
} from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { type Command, type EditorView, keymap, type Panel, runScopeHandlers, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { element, icon, mod } from "../dom";
import { tableAt } from "./choices";
import { drawnTables } from "./table-widget";

export { openSearchPanel };

const most = 1000; // matches that are counted

// FindOptions is what takes back and brings again what was replaced.
export interface FindOptions {
  undo: Command;
  redo: Command;
}

class FindPanel implements Panel {
  readonly dom: HTMLElement;
  readonly top = true;
  private readonly find: HTMLInputElement;
  private readonly replace: HTMLInputElement;
  private readonly boxes: Record<"caseSensitive" | "wholeWord" | "regexp", HTMLInputElement>;
  private readonly count: HTMLElement;
  private timer = 0;
  private replaced = 0; // by the last press of a button
  private fresh = false; // nothing was typed here since something was replaced

  constructor(
    private readonly view: EditorView,
    private readonly o?: FindOptions,
  ) {
    const query = getSearchQuery(view.state);
    this.find = this.field("Find", query.search);
    this.find.setAttribute("main-field", "true");
    this.replace = this.field("Replace with", query.replace);
    const box = (label: string, on: boolean) => {
      const input = element("input", { type: "checkbox" });
      input.checked = on;
      input.addEventListener("change", () => this.commit());
      return [input, element("label", { class: "check" }, input, label)] as const;
    };
    const [caseBox, caseLabel] = box("Match case", query.caseSensitive);
    const [wordBox, wordLabel] = box("Whole words", query.wholeWord);
    const [regexpBox, regexpLabel] = box("Pattern", query.regexp);
    this.boxes = { caseSensitive: caseBox, wholeWord: wordBox, regexp: regexpBox };
    this.count = element("span", { class: "find-count meta", role: "status" });
    const readOnly = view.state.readOnly;
    this.dom = element(
      "div",
      { class: "find-panel", role: "search", "aria-label": "Find and replace in the text" },
      element(
        "div",
        { class: "find-row" },
        this.find,
        this.count,
        this.button("Previous match", "arrow-up", () => findPrevious(this.view)),
        this.button("Next match", "arrow-down", () => findNext(this.view)),
        this.button("Close", "x", () => closeSearchPanel(this.view)),
      ),
    );
    if (!readOnly) {
      this.dom.append(
        element(
          "div",
          { class: "find-row" },
          this.replace,
          this.button("Replace", "", () => this.exchange(false)),
          this.button("Replace all", "", () => this.exchange(true)),
        ),
      );
    }
    this.dom.append(
      element("div", { class: "find-row find-how" }, caseLabel, wordLabel, regexpLabel, this.button("Select all matches", "", () => {
        selectMatches(this.view);
        this.view.focus();
      })),
    );
    this.dom.addEventListener("keydown", (event) => this.keys(event));
    this.recount();
  }

  private field(label: string, value: string): HTMLInputElement {
    const input = element("input", { class: "input", type: "text", "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false" });
    input.value = value;
    input.addEventListener("input", () => {
      this.replaced = 0;
      this.fresh = false;
      this.commit();
    });
    return input;
  }

  private button(label: string, symbol: string, act: () => void): HTMLButtonElement {
    const el = element("button", { type: "button", class: symbol ? "btn btn-quiet btn-icon btn-small" : "btn btn-small" });
    if (symbol) {
      el.setAttribute("aria-label", label);
      el.title = label;
      el.append(icon(symbol));
    } else el.append(label);
    el.addEventListener("click", act);
    return el;
  }

  private commit(): void {
    const query = new SearchQuery({
      search: this.find.value,
      replace: this.replace.value,
      caseSensitive: this.boxes.caseSensitive.checked,
      wholeWord: this.boxes.wholeWord.checked,
      regexp: this.boxes.regexp.checked,
      literal: true,
    });
    if (!query.eq(getSearchQuery(this.view.state))) this.view.dispatch({ effects: setSearchQuery.of(query) });
  }

  private keys(event: KeyboardEvent): void {
    if (runScopeHandlers(this.view, event, "search-panel")) {
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === this.find) {
      event.preventDefault();
      (event.shiftKey ? findPrevious : findNext)(this.view);
    } else if (event.key === "Enter" && event.target === this.replace) {
      event.preventDefault();
      this.exchange(false);
    } else if (this.o && this.fresh && mod(event) && /^[zy]$/i.test(event.key)) {
      event.preventDefault();
      const again = event.shiftKey || event.key.toLowerCase() === "y";
      this.replaced = 0;
      (again ? this.o.redo : this.o.undo)(this.view);
    }
  }

  // exchange puts the other words in place of the match, or of all.
  private exchange(all: boolean): void {
    const before = this.view.state.doc;
    const n = all ? this.matches().length : 0;
    (all ? replaceAll : replaceNext)(this.view);
    // Where no match was chosen the first one is only chosen by that.
    if (!all && this.view.state.doc === before) replaceNext(this.view);
    if (this.view.state.doc === before) return;
    this.replaced = n;
    this.fresh = true;
  }

  mount(): void {
    this.find.select();
  }

  update(update: ViewUpdate): void {
    let changed = update.docChanged || update.selectionSet;
    for (const tr of update.transactions) {
      for (const effect of tr.effects) {
        if (!effect.is(setSearchQuery)) continue;
        changed = true;
        const query = effect.value;
        if (this.find.value !== query.search) this.find.value = query.search;
        if (this.replace.value !== query.replace) this.replace.value = query.replace;
      }
    }
    if (!changed) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.recount(), 60);
  }

  destroy(): void {
    clearTimeout(this.timer);
  }

  // recount tells which of how many matches is selected.
  private recount(): void {
    const query = getSearchQuery(this.view.state);
    this.find.removeAttribute("aria-invalid");
    if (query.search === "") {
      this.count.textContent = "";
      return;
    }
    if (!query.valid) {
      this.find.setAttribute("aria-invalid", "true");
      this.count.textContent = "not a pattern";
      return;
    }
    const { from, to } = this.view.state.selection.main;
    const matches = this.matches();
    const n = matches.length;
    const current = 1 + matches.findIndex((match) => match.from === from && match.to === to);
    const total = n >= most ? `${most}+` : String(n);
    if (this.replaced > 0) this.count.textContent = `${this.replaced >= most ? `${most}+` : this.replaced} replaced`;
    else this.count.textContent = n === 0 ? "nothing found" : current > 0 ? `${current} of ${total}` : `${total} found`;
  }

  private matches(): { from: number; to: number }[] {
    const query = getSearchQuery(this.view.state);
    const list: { from: number; to: number }[] = [];
    if (!query.valid) return list;
    const cursor = query.getCursor(this.view.state);
    for (let next = cursor.next(); !next.done && list.length < most; next = cursor.next()) list.push(next.value);
    return list;
  }
}

// barsKept keeps a table a table: a bar that is put into a cell would begin the
// next one.
const barsKept = EditorState.transactionFilter.of((tr) => {
  if (!tr.isUserEvent("input.replace")) return tr;
  let torn = false;
  const changes: { from: number; to: number; insert: string }[] = [];
  tr.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const text = inserted.toString();
    const cell = /[|\n]/.test(text) && tableAt(tr.startState, from) !== null;
    torn ||= cell;
    changes.push({ from, to, insert: cell ? text.replace(/\\?\|/g, "\\|").replace(/\n/g, " ") : text });
  });
  return torn ? { changes, effects: tr.effects, userEvent: "input.replace" } : tr;
});

const marks = ["live-found", "live-found-here"] as const;

// inCells marks what is found in the cells of drawn tables, whose words are not
// the editor's own.
const inCells = ViewPlugin.define((view) => {
  if (!("highlights" in CSS)) return {}; // what is found is counted and gone to all the same
  const read = (): Range[][] => {
    const query = getSearchQuery(view.state);
    if (!searchPanelOpen(view.state) || !query.valid || query.search === "") return [[], []];
    const { main } = view.state.selection;
    const found: Range[] = [];
    const here: Range[] = [];
    for (const table of drawnTables(view)) {
      const cursor = query.getCursor(view.state, table.from, table.to);
      for (let next = cursor.next(); !next.done && found.length < most; next = cursor.next()) {
        const { from, to } = next.value;
        const range = table.places.range(from, to);
        if (range) (main.from === from && main.to === to ? here : found).push(range);
      }
    }
    return [found, here];
  };
  const draw = () => {
    view.requestMeasure({
      key: inCells,
      read,
      write: (ranges) => marks.forEach((name, i) => CSS.highlights.set(name, new Highlight(...(ranges[i] ?? [])))),
    });
  };
  view.dom.addEventListener("focusout", draw); // a cell that is left is drawn anew
  return {
    update: draw,
    destroy() {
      view.dom.removeEventListener("focusout", draw);
      for (const name of marks) CSS.highlights.delete(name);
    },
  };
});

// finding is the panel and its keys.
export function finding(o?: FindOptions): Extension {
  return [search({ top: true, literal: true, createPanel: (view) => new FindPanel(view, o) }), barsKept, inCells, keymap.of(searchKeymap.filter(({ key }) => key !== "Mod-Alt-g"))];
}

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
  SearchQuery,
  selectMatches,
  setSearchQuery,
} from "@codemirror/search";
import type { Extension } from "@codemirror/state";
import { type EditorView, keymap, type Panel, runScopeHandlers, type ViewUpdate } from "@codemirror/view";
import { element, icon } from "../dom";

export { openSearchPanel };

const most = 1000; // matches that are counted

class FindPanel implements Panel {
  readonly dom: HTMLElement;
  readonly top = true;
  private readonly find: HTMLInputElement;
  private readonly replace: HTMLInputElement;
  private readonly boxes: Record<"caseSensitive" | "wholeWord" | "regexp", HTMLInputElement>;
  private readonly count: HTMLElement;
  private timer = 0;

  constructor(private readonly view: EditorView) {
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
          this.button("Replace", "", () => replaceNext(this.view)),
          this.button("Replace all", "", () => replaceAll(this.view)),
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
    input.addEventListener("input", () => this.commit());
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
      replaceNext(this.view);
    }
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
    let n = 0;
    let current = 0;
    const cursor = query.getCursor(this.view.state);
    for (let next = cursor.next(); !next.done && n < most; next = cursor.next()) {
      n++;
      if (next.value.from === from && next.value.to === to) current = n;
    }
    const total = n >= most ? `${most}+` : String(n);
    this.count.textContent = n === 0 ? "nothing found" : current > 0 ? `${current} of ${total}` : `${total} found`;
  }
}

// finding is the panel and its keys.
export function finding(): Extension {
  return [search({ top: true, literal: true, createPanel: (view) => new FindPanel(view) }), keymap.of(searchKeymap.filter(({ key }) => key !== "Mod-Alt-g"))];
}

// Completions while typing: pages after “[[”, people after “@”, days after
// “due:”, and the words of status:, access: and influence:. Pages and people are
// those that may be named on this side; the server knows.
import { type CompletionContext, type CompletionResult, pickedCompletion, startCompletion } from "@codemirror/autocomplete";
import { EditorSelection, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Choice, choices, inCode, putDown, section, tableAt } from "./choices";
import { namedDates } from "./dates";
import type { Lookup, Named } from "./lookup";

export interface CompletionOptions {
  lookup: Lookup;
  now?: () => Date;
}

const pageMark = /\[\[([^[\]|\n#]{0,80})$/;
const personMark = /(?:^|[^\p{L}\p{N}@./\-+=&#%\\_])@([\p{L}\p{N}-]{0,60})$/u;
const attrMark = /(?:^|\s)(due|met|status|access|influence):([\p{L}\p{N}-]{0,20})$/u;

const words: Record<string, [value: string, detail: string][]> = {
  status: [
    ["open", "still stands"],
    ["done", "kept, or no longer needed"],
    ["answered", "for questions"],
    ["evaded", "asked, but not answered"],
    ["dropped", "given up"],
  ],
  access: [
    ["none", "nobody has met them"],
    ["via", "through somebody: add by:@handle"],
    ["met", "we met: add met:DATE"],
  ],
  influence: [
    ["high", "decides, or is listened to"],
    ["medium", "is asked"],
    ["low", "is told"],
  ],
};

// closed puts a page between its brackets, using those that are there already.
function closed(page: string) {
  return (view: EditorView, completion: Choice, from: number, to: number) => {
    const after = view.state.sliceDoc(to, to + 2);
    // In a table a bar would begin the next cell.
    const value = tableAt(view.state, from) ? page.replace("|", "\\|") : page;
    const insert = after === "]]" ? value : after.startsWith("]") ? `${value}]` : `${value}]]`;
    const past = after === "]]" ? 2 : after.startsWith("]") ? 1 : 0;
    view.dispatch({
      changes: { from, to, insert },
      selection: EditorSelection.cursor(from + insert.length + past),
      annotations: pickedCompletion.of(completion),
      userEvent: "input.complete",
      scrollIntoView: true,
    });
  };
}

// slug is how a title is written in an address.
export function slug(title: string): string {
  return title
    .normalize("NFC")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 80);
}

// completions offers what may be named on this side.
export function completions(o: CompletionOptions): Extension {
  const pages = section("Pages", 0);
  const create = section("New page", 1);
  const people = section("People", 0);
  const days = section("Days", 0);

  const ask = (context: CompletionContext, kind: "page" | "person", query: string): Promise<Named[]> => {
    const stop = new AbortController();
    context.addEventListener("abort", () => stop.abort(), { onDocChange: true });
    return o.lookup.find(kind, query, stop.signal);
  };

  const page = async (context: CompletionContext, query: string): Promise<CompletionResult | null> => {
    const found = await ask(context, "page", query.trim());
    if (context.aborted) return null;
    const options: Choice[] = found.map((item) => ({
      label: item.label || item.value,
      detail: item.detail,
      symbol: "file-text",
      section: pages,
      apply: closed(item.value) as Choice["apply"],
    }));
    const name = slug(query.split("/").pop() ?? "");
    const wanted = query.includes("/") ? `${slug(query.split("/")[0] ?? "")}/${name}` : name;
    if (name !== "" && !found.some((item) => item.value === wanted || item.value.endsWith(`/${wanted}`))) {
      options.push({
        label: `Link “${query.trim()}”`,
        detail: "a page to be written",
        symbol: "plus",
        section: create,
        apply: closed(query.includes("/") || query.trim() === name ? wanted : `${wanted}|${query.trim()}`) as Choice["apply"],
      });
    }
    if (options.length === 0) return null;
    return { from: context.pos - query.length, options, filter: false };
  };

  const person = async (context: CompletionContext, query: string): Promise<CompletionResult | null> => {
    const found = await ask(context, "person", query);
    if (context.aborted || found.length === 0) return null;
    return {
      from: context.pos - query.length,
      filter: false,
      options: found.map(
        (item): Choice => ({
          label: item.label,
          detail: [`@${item.value}`, item.detail].filter(Boolean).join(" · "),
          person: item.color,
          initials: item.initials,
          section: people,
          apply: item.value,
        }),
      ),
    };
  };

  const attribute = (context: CompletionContext, key: string, query: string): CompletionResult | null => {
    const wanted = query.toLowerCase();
    const from = context.pos - query.length;
    const values: Choice[] =
      key === "due" || key === "met"
        ? namedDates((o.now ?? (() => new Date()))())
            .filter(({ name, date }) => name.toLowerCase().includes(wanted) || date.startsWith(wanted))
            .map(({ name, date, said }) => ({ label: name, detail: said, symbol: "calendar", section: days, apply: date }))
        : (words[key] ?? [])
            .filter(([value]) => value.startsWith(wanted))
            .map(([value, detail]) => ({ label: value, detail, apply: value }));
    return values.length === 0 ? null : { from, options: values, filter: false };
  };

  const source = (context: CompletionContext): CompletionResult | Promise<CompletionResult | null> | null => {
    const { state, pos } = context;
    const line = state.doc.lineAt(pos);
    const before = line.text.slice(Math.max(0, pos - line.from - 100), pos - line.from);
    const link = pageMark.exec(before);
    const mention = link ? null : personMark.exec(before);
    const attr = link || mention ? null : attrMark.exec(before);
    if (!link && !mention && !attr) return null;
    if (state.readOnly || inCode(state, pos)) return null;
    const query = link?.[1] ?? mention?.[1] ?? attr?.[2] ?? "";
    if (!context.explicit && putDown(state, pos - query.length - 1, pos)) return null;
    if (link) return page(context, link[1] ?? "");
    if (mention) return person(context, mention[1] ?? "");
    return attribute(context, attr?.[1] ?? "", attr?.[2] ?? "");
  };
  // Where the sign stands already, as in an empty field of a fact, it is not
  // written twice.
  const once = EditorView.inputHandler.of((view, from, to, text) => {
    if (text !== "@" || from !== to || view.state.readOnly) return false;
    const line = view.state.doc.lineAt(from);
    if (personMark.exec(line.text.slice(Math.max(0, from - line.from - 100), from - line.from))?.[1] !== "") return false;
    startCompletion(view);
    return true;
  });
  return [choices, once, EditorState.languageData.of(() => [{ autocomplete: source }])];
}

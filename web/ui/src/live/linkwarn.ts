// Warns while writing to guests: a link that names an internal page is read by
// them in the source, even if it leads nowhere.
import { type Extension, type Range, StateEffect } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view";
import { element, icon } from "../dom";
import type { Lookup } from "./lookup";

export interface LinkWarningOptions {
  section: "internal" | "external";
  prospect: string;
  guest: boolean; // guests cannot know what is internal, and are never asked
  lookup: Lookup;
}

const warning = "Guests read the source: this names an internal page.";

class Sign extends WidgetType {
  override eq(): boolean {
    return true;
  }
  override toDOM(): HTMLElement {
    return element(
      "span",
      { class: "link-warning", role: "img", "aria-label": warning, title: warning },
      icon("triangle-alert", true),
      element("span", { "aria-hidden": "true" }, "guests read this name"),
    );
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

const mark = Decoration.mark({ class: "link-internal", attributes: { title: warning } });
const sign = Decoration.widget({ widget: new Sign(), side: 1 });

const known = StateEffect.define<null>();

// links finds what may name a page: wiki links and addresses of this wiki.
const links = /\[\[([^[\]\n]{1,300})\]\]|((?:https?:\/\/[^\s/()<>"']+)?\/p\/[^\s()<>"'\]]{1,300})/gu;

interface Named {
  from: number;
  to: number;
  page: string; // “stage/page” or “page”, asked for when not sure
  sure: boolean;
}

function find(view: EditorView, prospect: string): Named[] {
  const found: Named[] = [];
  for (const { from, to } of view.visibleRanges) {
    const start = view.state.doc.lineAt(from).from;
    const text = view.state.sliceDoc(start, view.state.doc.lineAt(to).to);
    for (const match of text.matchAll(links)) {
      const at = start + match.index;
      const span = { from: at, to: at + match[0].length };
      const [, wiki, address] = match;
      if (wiki !== undefined) {
        const dest = (wiki.split("|")[0] ?? "").split("#")[0]?.trim() ?? "";
        if (dest === "") continue;
        const other = dest.includes(":");
        const page = dest.replace(/\.md$/, "").replace(/^\/+|\/+$/g, "");
        found.push({ ...span, page, sure: other || /^internal\//.test(page) });
      } else if (address !== undefined) {
        const url = new URL(address, location.href);
        if (url.host !== location.host) continue;
        const [, , space, side] = url.pathname.split("/");
        const shown = space === encodeURIComponent(prospect) && side === "external";
        if (!shown) found.push({ ...span, page: "", sure: true });
      }
    }
  }
  return found;
}

// linkWarnings marks such links on external pages; elsewhere it does nothing.
export function linkWarnings(o: LinkWarningOptions): Extension {
  if (o.section !== "external" || o.guest) return [];
  const internal = new Map<string, boolean>();
  const asking = new Set<string>();

  const is = async (page: string): Promise<boolean> => {
    const same = (value: string) => value === page || (!page.includes("/") && value.endsWith(`/${page}`));
    const found = await o.lookup.find("page", page, undefined, "internal");
    const named = found.filter(({ value }) => same(value));
    return named.length > 0 && !named.some(({ section }) => section === "external");
  };

  const plugin = ViewPlugin.fromClass(
    class {
      decorations: DecorationSet = Decoration.none;
      private timer = 0;
      constructor(private readonly view: EditorView) {
        this.draw(view);
      }
      update(update: ViewUpdate) {
        const told = update.transactions.some((tr) => tr.effects.some((effect) => effect.is(known)));
        if (update.docChanged || update.viewportChanged || told) this.draw(update.view);
      }
      destroy() {
        clearTimeout(this.timer);
      }
      private draw(view: EditorView) {
        const ranges: Range<Decoration>[] = [];
        let unknown = false;
        for (const link of find(view, o.prospect)) {
          const bad = link.sure || internal.get(link.page);
          if (bad === undefined) unknown = true;
          if (!bad) continue;
          ranges.push(mark.range(link.from, link.to), sign.range(link.to));
        }
        this.decorations = Decoration.set(ranges, true);
        clearTimeout(this.timer);
        if (unknown) this.timer = window.setTimeout(() => void this.ask(), 400);
      }
      private async ask() {
        const pages = new Set(find(this.view, o.prospect).filter((link) => !link.sure).map((link) => link.page));
        let news = false;
        for (const page of [...pages].slice(0, 50)) {
          if (internal.has(page) || asking.has(page)) continue;
          asking.add(page);
          const bad = await is(page);
          asking.delete(page);
          internal.set(page, bad);
          news ||= bad;
        }
        if (news && this.view.dom.isConnected) this.view.dispatch({ effects: known.of(null) });
      }
    },
    { decorations: (value) => value.decorations },
  );
  return plugin;
}

// Who else is on the page: their carets and selections in the text, drawn as
// layers above it so that the text itself never moves, and their faces beside
// it. Styles come from classes and through the CSSOM: the page's policy lets no
// style attribute through.
import { EditorSelection, type Extension, StateEffect, StateField } from "@codemirror/state";
import { EditorView, layer, type LayerMarker, RectangleMarker, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import { ySyncAnnotation } from "y-codemirror.next";
import * as Y from "yjs";
import { element } from "../dom";
import { refreshPreview } from "./preview";
import { drawnTable } from "./table-widget";

// Other is somebody else's window on the page.
export interface Other {
  client: number;
  id: string; // handle of the person
  name: string;
  color: string; // a class that sets --live-color
  guest: boolean;
  anchor: number; // -1 without a cursor
  head: number;
  moved: number; // when the cursor last moved, ms of performance.now
}

// A flag with the name stands at the caret while it moves and a while after.
const flagTime = 2500;
// How wide and high a flag is at most, px.
const flagWidth = 180;
const flagHeight = 22;

const setOthers = StateEffect.define<readonly Other[]>();

// others are the other windows with their cursors in this document, in step
// with its changes.
export const others = StateField.define<readonly Other[]>({
  create: () => [],
  update(value, tr) {
    for (const effect of tr.effects) if (effect.is(setOthers)) return effect.value;
    if (!tr.docChanged || value.length === 0) return value;
    // Whoever types moves along with the text, and says nothing more of it.
    const typed = new Set<number>();
    if (tr.annotation(ySyncAnnotation)) tr.changes.iterChangedRanges((_fromA, _toA, _fromB, toB) => typed.add(toB));
    return value.map((o) => {
      if (o.head < 0) return o;
      const head = tr.changes.mapPos(o.head, 1);
      return { ...o, anchor: tr.changes.mapPos(o.anchor, 1), head, moved: typed.has(head) ? performance.now() : o.moved };
    });
  },
});

// redraw takes down flags that have stood long enough.
const redraw = StateEffect.define<null>();

interface Shown {
  user?: { id?: unknown; name?: unknown; color?: unknown }; // as the server says; guests have no id
  cursor?: { anchor: unknown; head: unknown } | null;
}

let sheet: CSSStyleSheet | null = null;
const known = new Set<string>();

// colorClass is a class that sets --live-color to a colour that the server
// chose.
function colorClass(color: unknown): string {
  const hex = typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color) ? color.slice(1).toLowerCase() : "5f6774";
  const name = `live-color-${hex}`;
  if (!known.has(name)) {
    known.add(name);
    if (!sheet) {
      sheet = new CSSStyleSheet();
      document.adoptedStyleSheets.push(sheet);
    }
    sheet.insertRule(`.${name} { --live-color: #${hex}; }`);
  }
  return name;
}

class Caret implements LayerMarker {
  constructor(
    private readonly left: number,
    private readonly top: number,
    private readonly height: number,
    private readonly other: Other,
    private readonly flagged: boolean,
    private readonly below: boolean,
    private readonly before: boolean,
  ) {}

  eq(caret: Caret): boolean {
    return (
      this.left === caret.left &&
      this.top === caret.top &&
      this.height === caret.height &&
      this.flagged === caret.flagged &&
      this.below === caret.below &&
      this.before === caret.before &&
      this.other.client === caret.other.client &&
      this.other.name === caret.other.name &&
      this.other.color === caret.other.color
    );
  }

  draw(): HTMLElement {
    const flag = element("span", { class: "live-flag" }, this.other.name);
    const caret = element("div", {}, flag);
    this.place(caret);
    return caret;
  }

  update(dom: HTMLElement, before: Caret): boolean {
    if (before.other.client !== this.other.client || before.other.name !== this.other.name) return false;
    this.place(dom);
    return true;
  }

  private place(dom: HTMLElement): void {
    dom.className = `live-caret ${this.other.color}`;
    dom.classList.toggle("is-guest", this.other.guest);
    dom.classList.toggle("is-flagged", this.flagged);
    dom.classList.toggle("is-below", this.below);
    dom.classList.toggle("is-before", this.before);
    dom.style.left = `${this.left}px`;
    dom.style.top = `${this.top}px`;
    dom.style.height = `${this.height}px`;
  }
}

function moved(update: ViewUpdate): boolean {
  return (
    update.docChanged ||
    update.viewportChanged ||
    update.geometryChanged ||
    update.startState.field(others) !== update.state.field(others) ||
    update.transactions.some((tr) => tr.effects.some((effect) => effect.is(redraw) || effect.is(refreshPreview)))
  );
}

const carets = layer({
  above: true,
  class: "live-carets",
  update: moved,
  markers(view) {
    const markers: LayerMarker[] = [];
    const now = performance.now();
    const { scrollDOM } = view;
    const box = scrollDOM.getBoundingClientRect();
    const own = view.coordsAtPos(view.state.selection.main.head);
    for (const o of view.state.field(others)) {
      if (o.head < view.viewport.from || o.head > view.viewport.to) continue;
      const at = view.coordsAtPos(o.head, o.head < o.anchor ? 1 : -1);
      if (!at || drawnTable(view, o.head)?.places.shows(at) === false) continue;
      const top = at.top - box.top + scrollDOM.scrollTop;
      const left = at.left - box.left + scrollDOM.scrollLeft;
      const before = left > scrollDOM.clientWidth - flagWidth && left > flagWidth;
      // Not over where one writes oneself.
      const over = own !== null && own.bottom > at.top - flagHeight && own.top < at.top - 4 && own.left > at.left - (before ? flagWidth : 8) && own.left < at.left + (before ? 8 : flagWidth);
      markers.push(new Caret(left, top, at.bottom - at.top, o, now - o.moved < flagTime, over || top < flagHeight, before));
    }
    return markers;
  },
});

const selections = layer({
  above: false,
  class: "live-selections",
  update: moved,
  markers(view) {
    const markers: LayerMarker[] = [];
    const { from, to } = view.viewport;
    for (const o of view.state.field(others)) {
      if (o.head < 0 || o.anchor === o.head) continue;
      const start = Math.max(from, Math.min(o.anchor, o.head));
      const end = Math.min(to, Math.max(o.anchor, o.head));
      if (start >= end) continue;
      const table = drawnTable(view, start);
      if (table?.holds(end)) {
        const box = view.scrollDOM.getBoundingClientRect();
        for (const r of table.places.rects(start, end)) {
          if (!table.places.shows(r)) continue;
          markers.push(new RectangleMarker(`live-selection ${o.color}`, r.left - box.left + view.scrollDOM.scrollLeft, r.top - box.top + view.scrollDOM.scrollTop, r.width, r.height));
        }
        continue;
      }
      markers.push(...RectangleMarker.forRange(view, `live-selection ${o.color}`, EditorSelection.range(start, end)));
    }
    return markers;
  },
});

// Presence joins an editor with the awareness of its document.
export class Presence {
  private following = 0;
  private everyone: readonly Other[] = [];
  private view: EditorView | null = null;
  private timer = 0;
  private readonly moves = new Map<number, { cursor: string; at: number }>();

  constructor(
    private readonly awareness: Awareness,
    private readonly text: Y.Text,
    private readonly changed: () => void,
  ) {
    awareness.on("change", ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }) => {
      // What one says oneself may come in the middle of an update of the view.
      if ([...added, ...updated, ...removed].some((client) => client !== awareness.clientID)) this.read();
    });
  }

  get list(): readonly Other[] {
    return this.view?.state.field(others) ?? this.everyone;
  }

  get followed(): Other | null {
    return this.list.find((o) => o.client === this.following) ?? null;
  }

  // follow keeps another's cursor in sight, until stop or until one types.
  follow(client: number): void {
    this.following = client;
    this.toFollowed();
    this.changed();
  }

  stop(): void {
    if (this.following === 0) return;
    this.following = 0;
    this.changed();
  }

  extension(): Extension {
    const presence = this;
    return [
      others,
      carets,
      selections,
      ViewPlugin.define((view) => {
        presence.view = view;
        queueMicrotask(() => presence.read());
        // Wide tables scroll by themselves; what stands over them goes along.
        let asked = false;
        const scrolled = (event: Event) => {
          if (asked || event.target === view.contentDOM || view.state.field(others).length === 0) return;
          asked = true;
          requestAnimationFrame(() => {
            asked = false;
            if (presence.view === view) view.dispatch({ effects: redraw.of(null) });
          });
        };
        view.contentDOM.addEventListener("scroll", scrolled, { capture: true, passive: true });
        return {
          update: (update) => presence.updated(update),
          destroy: () => {
            presence.view = null;
            view.contentDOM.removeEventListener("scroll", scrolled, true);
            clearTimeout(presence.timer);
          },
        };
      }),
      EditorView.domEventHandlers({
        wheel: () => this.stop(),
        touchmove: () => this.stop(),
      }),
    ];
  }

  private updated(update: ViewUpdate): void {
    if (update.transactions.some((tr) => tr.isUserEvent("input") || tr.isUserEvent("delete") || tr.isUserEvent("select"))) {
      this.stop();
    }
    if (update.docChanged || update.selectionSet || update.focusChanged) this.say(update.view);
    if (update.docChanged && update.state.field(others).length > 0) this.flags();
  }

  // say tells the others where one's cursor is.
  private say(view: EditorView): void {
    const state = this.awareness.getLocalState() as Shown | null;
    // The cell of a table that has the focus is in the text too.
    if (!state || !(view.hasFocus || view.contentDOM.contains(view.root.activeElement))) return;
    const { anchor, head } = view.state.selection.main;
    const cursor = {
      anchor: Y.createRelativePositionFromTypeIndex(this.text, anchor),
      head: Y.createRelativePositionFromTypeIndex(this.text, head),
    };
    const had = state.cursor;
    if (had && same(had.anchor, cursor.anchor) && same(had.head, cursor.head)) return;
    this.awareness.setLocalStateField("cursor", cursor);
  }

  // read takes in what the others say.
  private read(): void {
    const list: Other[] = [];
    const now = performance.now();
    const doc = this.text.doc;
    for (const [client, raw] of this.awareness.getStates()) {
      if (client === this.awareness.clientID || !doc) continue;
      const { user, cursor } = raw as Shown;
      const [anchor, head] = [this.position(doc, cursor?.anchor), this.position(doc, cursor?.head)];
      const said = JSON.stringify(cursor ?? null);
      const before = this.moves.get(client);
      const at = before?.cursor === said ? before.at : now;
      this.moves.set(client, { cursor: said, at });
      const name = typeof user?.name === "string" && user.name !== "" ? user.name : "Somebody";
      const guest = typeof user?.id !== "string" || user.id === "";
      list.push({
        client,
        id: guest ? `guest ${name}` : String(user.id),
        name,
        color: colorClass(user?.color),
        guest,
        anchor: head < 0 ? -1 : anchor,
        head: anchor < 0 ? -1 : head,
        moved: at,
      });
    }
    for (const client of this.moves.keys()) if (!this.awareness.getStates().has(client)) this.moves.delete(client);
    list.sort((a, b) => a.name.localeCompare(b.name) || a.client - b.client);
    this.everyone = list;
    if (this.following !== 0 && !list.some((o) => o.client === this.following)) this.following = 0;
    this.view?.dispatch({ effects: setOthers.of(this.within(list)) });
    this.toFollowed();
    this.changed();
    this.flags();
  }

  // flags has those redrawn that are to go, when it is time.
  private flags(): void {
    if (this.timer) return;
    const now = performance.now();
    const next = Math.min(...this.list.filter((o) => o.head >= 0 && now - o.moved < flagTime).map((o) => o.moved + flagTime - now));
    if (!Number.isFinite(next)) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.view?.dispatch({ effects: redraw.of(null) });
      this.flags();
    }, next + 50);
  }

  private within(list: readonly Other[]): readonly Other[] {
    const end = this.view?.state.doc.length ?? 0;
    return list.map((o) => (o.head > end || o.anchor > end ? { ...o, anchor: -1, head: -1 } : o));
  }

  private position(doc: Y.Doc, json: unknown): number {
    if (json === null || typeof json !== "object") return -1;
    try {
      const at = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json), doc);
      return at && at.type === this.text ? at.index : -1;
    } catch {
      return -1; // not a position: others may say anything
    }
  }

  private toFollowed(): void {
    const other = this.followed;
    if (!other || other.head < 0 || !this.view) return;
    this.view.dispatch({ effects: EditorView.scrollIntoView(other.head, { y: "center" }) });
  }
}

function same(json: unknown, position: Y.RelativePosition): boolean {
  return Y.compareRelativePositions(Y.createRelativePositionFromJSON(json), position);
}

// Files on their way into the text. Until a file is stored, what stands at its
// place is drawn there and is not in the text, so nobody else sees it and
// nothing is left behind when it fails.
import { type Extension, Facet, type Range, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, WidgetType } from "@codemirror/view";
import { element, icon, problem } from "../dom";
import { fileName, send } from "../upload";
import { tableAt } from "./choices";
import { put } from "./writing";

export interface UploadOptions {
  files: string; // PUT NAME below it
  maxFile: number; // bytes, 0 for no limit
}

interface Upload {
  name: string;
  file: File;
  alt: string;
  apart: boolean; // a picture that stands by itself, on lines of its own
  state: "sending" | "waiting" | "failed";
  done: number; // 0 to 1
  why: string;
  stop: AbortController;
  drawn: Set<HTMLElement>;
}

const added = StateEffect.define<{ upload: Upload; at: number }>({
  map: ({ upload, at }, changes) => ({ upload, at: changes.mapPos(at, 1) }),
});
const removed = StateEffect.define<Upload>();

class Placeholder extends WidgetType {
  constructor(readonly upload: Upload) {
    super();
  }
  override eq(other: Placeholder): boolean {
    return other.upload === this.upload;
  }
  override toDOM(view: EditorView): HTMLElement {
    const box = element("span", { class: "upload-place", role: "group", "aria-label": `Upload of ${this.upload.name}` });
    this.upload.drawn.add(box);
    draw(view, this.upload, box);
    return box;
  }
  override destroy(dom: HTMLElement): void {
    this.upload.drawn.delete(dom);
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

const uploads = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(set, tr) {
    let now = set.map(tr.changes);
    for (const effect of tr.effects) {
      if (effect.is(added)) {
        const widget = Decoration.widget({ widget: new Placeholder(effect.value.upload), side: 1 });
        now = now.update({ add: [widget.range(effect.value.at)] });
      }
      if (effect.is(removed)) {
        now = now.update({ filter: (_from, _to, value) => (value.spec.widget as Placeholder).upload !== effect.value });
      }
    }
    return now;
  },
  // Over the cells of a table nothing can be drawn; it goes below.
  provide: (field) =>
    EditorView.decorations.compute([field], (state) => {
      const drawn: Range<Decoration>[] = [];
      for (const cursor = state.field(field).iter(); cursor.value; cursor.next()) {
        const table = tableAt(state, cursor.from);
        const { widget } = cursor.value.spec as { widget: Placeholder };
        drawn.push(table ? Decoration.widget({ widget, side: 1, block: true }).range(table.to) : cursor.value.range(cursor.from));
      }
      return Decoration.set(drawn, true);
    }),
});

function all(view: EditorView): { upload: Upload; at: number }[] {
  const list: { upload: Upload; at: number }[] = [];
  for (const cursor = view.state.field(uploads).iter(); cursor.value; cursor.next()) {
    list.push({ upload: (cursor.value.spec.widget as Placeholder).upload, at: cursor.from });
  }
  return list;
}

// uploading tells how many files are not stored yet.
export function uploading(view: EditorView): number {
  return view.state.field(uploads, false)?.size ?? 0;
}

function draw(view: EditorView, upload: Upload, box: HTMLElement): void {
  const button = (label: string, symbol: string, act: () => void) => {
    const el = element("button", { type: "button", class: "btn btn-quiet btn-small", "aria-label": `${label}: ${upload.name}` }, icon(symbol, true), label);
    el.addEventListener("click", act);
    return el;
  };
  const cancel = (label: string) =>
    button(label, "x", () => {
      upload.stop.abort();
      view.dispatch({ effects: removed.of(upload) });
      view.focus();
    });
  const again = () => button("Try again", "refresh-cw", () => void start(view, upload));
  box.dataset.state = upload.state;
  const name = element("span", { class: "upload-name" }, upload.name);
  switch (upload.state) {
    case "sending": {
      const bar = element("progress", { max: "1", value: String(upload.done), "aria-label": `Uploading ${upload.name}` });
      box.replaceChildren(icon("upload", true), name, bar, cancel("Cancel"));
      return;
    }
    case "waiting":
      box.replaceChildren(
        icon("wifi-off", true),
        name,
        element("span", { role: "status" }, "waits for the connection. Keep this tab open."),
        again(),
        cancel("Remove"),
      );
      return;
    case "failed":
      box.replaceChildren(icon("circle-alert", true), name, element("span", { role: "alert" }, upload.why), again(), cancel("Remove"));
  }
}

function redraw(view: EditorView, upload: Upload): void {
  for (const box of upload.drawn) draw(view, upload, box);
}

const waits = 5 * 60_000; // ms an upload may take without progress

async function start(view: EditorView, upload: Upload): Promise<void> {
  const o = view.state.facet(uploadOptions);
  if (!o) return;
  upload.stop = new AbortController();
  const own = upload.stop;
  upload.state = "sending";
  upload.done = 0;
  if (!navigator.onLine) upload.state = "waiting";
  redraw(view, upload);
  if (upload.state === "waiting") return;
  let timer = window.setTimeout(() => own.abort(), waits);
  try {
    const response = await send(
      "PUT",
      `${o.files.replace(/\/+$/, "")}/${encodeURIComponent(upload.name)}?unique=true`,
      upload.file,
      { "Content-Type": "application/octet-stream", Accept: "application/json" },
      (done) => {
        upload.done = done;
        clearTimeout(timer);
        timer = window.setTimeout(() => own.abort(), waits);
        for (const box of upload.drawn) {
          const bar = box.querySelector("progress");
          if (bar) bar.value = done;
        }
      },
      own.signal,
    );
    if (!response.ok) throw new Refused(await problem(response));
    const { markdown } = (await response.json()) as { markdown: string };
    land(view, upload, markdown);
  } catch (error) {
    if (own.signal.aborted && !all(view).some((entry) => entry.upload === upload)) return;
    if (error instanceof Refused) {
      upload.state = "failed";
      upload.why = error.message;
    } else upload.state = "waiting";
    redraw(view, upload);
  } finally {
    clearTimeout(timer);
  }
}

class Refused extends Error {}

// land puts the markdown of a stored file where its placeholder stands.
function land(view: EditorView, upload: Upload, markdown: string): void {
  const place = all(view).find((entry) => entry.upload === upload);
  if (!place) return;
  const named = upload.alt === "" ? markdown : markdown.replace(/^!\[[^\]]*\]/, `![${upload.alt.replace(/[[\]\\]/g, " ").trim()}]`);
  view.dispatch({ ...put(view.state, place.at, named, upload.apart), effects: removed.of(upload), userEvent: "input.paste" });
}

// upload stores a file and puts it into the text at a place, which moves with
// the text around it; apart puts a picture on lines of its own.
export function upload(view: EditorView, file: File, at: number, { alt = "", apart = false } = {}): void {
  const o = view.state.facet(uploadOptions);
  if (!o || view.state.readOnly) return;
  const own: Upload = { name: fileName(file.name), file, alt, apart, state: "sending", done: 0, why: "", stop: new AbortController(), drawn: new Set() };
  if (o.maxFile > 0 && file.size > o.maxFile) {
    own.state = "failed";
    own.why = `is larger than ${Math.floor(o.maxFile / 1_048_576)} MB. Link to where it lives instead.`;
  }
  view.dispatch({ effects: added.of({ upload: own, at }) });
  if (own.state === "sending") void start(view, own);
}

const uploadOptions = Facet.define<UploadOptions, UploadOptions | null>({ combine: (values) => values[0] ?? null });

// uploadable lets files be stored beside the page.
export function uploadable(o: UploadOptions): Extension {
  const watch = ViewPlugin.define((view) => {
    const online = () => {
      for (const { upload: own } of all(view)) if (own.state === "waiting") void start(view, own);
    };
    const leave = (event: BeforeUnloadEvent) => {
      if (uploading(view) > 0) event.preventDefault();
    };
    window.addEventListener("online", online);
    window.addEventListener("beforeunload", leave);
    return {
      destroy() {
        window.removeEventListener("online", online);
        window.removeEventListener("beforeunload", leave);
        for (const { upload: own } of all(view)) own.stop.abort();
      },
    };
  });
  return [uploadOptions.of(o), uploads, watch];
}

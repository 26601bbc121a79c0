// Pasting and dropping: rich text and tables become markdown, files are stored
// beside the page.
import { EditorSelection, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, ViewPlugin } from "@codemirror/view";
import { element } from "../dom";
import { toast } from "../toast";
import { inCode, tableAt } from "./choices";
import { type Picture, toMarkdown } from "./markdown";
import { fromTabs } from "./markdown-table";
import { tableView } from "./table-widget";
import { upload, uploadable, type UploadOptions } from "./uploads";
import { outside } from "./writing";

export type PasteOptions = UploadOptions;

const address = /^(?:https?:\/\/|mailto:)[^\s<>]{1,2000}$/i;

// clipped is what a program put on the clipboard, as text to be inserted.
interface Clipped {
  text: string;
  pictures: Picture[];
  notes: string[];
}

// read decides what of the clipboard to take.
function read(data: DataTransfer): Clipped | null {
  const text = data.getData("text/plain");
  const html = data.getData("text/html");
  const plain = (body: string): Clipped => ({ text: body.replace(/\r\n?/g, "\n"), pictures: [], notes: [] });
  // Editors of programs colour their text, which is markdown already, or code.
  if (html !== "" && !data.types.includes("vscode-editor-data")) {
    const { markdown, pictures, notes } = toMarkdown(html);
    if (markdown !== "" || pictures.length > 0) return { text: markdown, pictures, notes };
    if (text === "") return notes.length > 0 ? { text: "", pictures, notes } : null;
    return plain(text);
  }
  if (text === "") return null;
  const table = fromTabs(text);
  return plain(table || text);
}

function isBlock(text: string): boolean {
  return text.includes("\n\n") || /^(?:#{1,6} |[-*+] |\d+[.)] |> |\||```|---)/.test(text);
}

// put inserts markdown at the selection: blocks on lines of their own, inside
// quotes with the quote's mark.
function put(view: EditorView, clipped: Clipped): void {
  const { state } = view;
  const { from, to } = state.selection.main;
  const line = state.doc.lineAt(from);
  const end = state.doc.lineAt(to);
  const before = line.text.slice(0, from - line.from);
  const after = end.text.slice(to - end.from);
  const quote = /^(?:\s{0,3}> ?)+/.exec(before)?.[0] ?? "";
  let text = clipped.text;
  let start = from;
  if (isBlock(text)) {
    const item = /^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?$/.exec(before.slice(quote.length));
    if (item && /^(?:[-*+]|\d+[.)]) /.test(text)) start = line.from + quote.length;
    else if (before.slice(quote.length).trim() !== "") text = `\n\n${text}`;
    else if (quote === "" && line.number > 1 && state.doc.line(line.number - 1).text.trim() !== "") text = `\n${text}`;
    if (after.trim() !== "") text = `${text}\n\n`;
    else if (/(?:^|\n)\|[^\n]*$/.test(text) && quote === "" && end.number === state.doc.lines) text = `${text}\n\n`; // one writes on below the table
    else if (end.number < state.doc.lines && state.doc.line(end.number + 1).text.trim() !== "") text = `${text}\n`;
  }
  if (quote !== "") text = text.replace(/\n/g, `\n${quote}`);
  // Pictures leave their place to what shows how far they are.
  const places: { picture: Picture; at: number }[] = [];
  for (const picture of clipped.pictures) {
    const at = text.indexOf(picture.mark);
    if (at < 0) continue;
    text = text.slice(0, at) + text.slice(at + picture.mark.length);
    places.push({ picture, at: start + at });
  }
  view.dispatch({
    changes: { from: start, to, insert: text },
    selection: EditorSelection.cursor(start + text.length),
    userEvent: "input.paste",
    scrollIntoView: true,
  });
  for (const { picture, at } of places) {
    const file = fromData(picture);
    if (file) upload(view, file, at, { alt: picture.alt });
  }
  for (const note of clipped.notes) toast(note);
}

function fromData(picture: Picture): File | null {
  const parts = /^data:(image\/([a-z]+));base64,([\s\S]*)$/i.exec(picture.data);
  if (!parts) return null;
  try {
    const bytes = Uint8Array.from(atob((parts[3] ?? "").replace(/\s+/g, "")), (c) => c.charCodeAt(0));
    const type = (parts[1] ?? "").toLowerCase();
    return new File([bytes], `${picture.alt || stamp()}.${(parts[2] ?? "png").replace("jpeg", "jpg")}`, { type });
  } catch {
    return null;
  }
}

function stamp(): string {
  return `picture-${new Date().toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-")}`;
}

// named gives pictures of the clipboard a better name than all of them have.
function named(file: File): File {
  return /^image\.\w+$/.test(file.name) ? new File([file], `${stamp()}.${file.name.split(".").pop() ?? "png"}`, { type: file.type }) : file;
}

// attach stores files and puts them into the text at a place.
export function attach(view: EditorView, files: Iterable<File>, at = view.state.selection.main.head): void {
  for (const file of files) upload(view, named(file), outside(view.state, at));
}

const onlyPicture = /^\s*!\[[^\]]*\]\([^)]*\)\s*$/;

// laid stores files that were dropped: a picture goes below the paragraph it was
// laid on, another file among its words.
function laid(view: EditorView, files: Iterable<File>, at: number): void {
  const place = outside(view.state, at);
  const line = view.state.doc.lineAt(place);
  view.dispatch({ selection: EditorSelection.cursor(place) });
  view.focus();
  for (const file of files) {
    const apart = (file.type.startsWith("image/") || onlyPicture.test(line.text)) && !tableAt(view.state, place);
    upload(view, named(file), apart ? line.to : place, { apart });
  }
}

// dropping takes files wherever on the page they are dropped: a browser would
// leave the page for them. Beside the text they go to the caret.
const dropping = ViewPlugin.define((view) => {
  const holds = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const place = ({ target, clientX: x, clientY: y }: DragEvent): number => {
    const caret = view.state.selection.main.head;
    if (!(target instanceof Element) || !view.contentDOM.contains(target)) return caret;
    return tableView(target)?.endOf(target) ?? view.posAtCoords({ x, y }, false);
  };
  const over = (event: DragEvent) => {
    if (!holds(event)) return;
    event.preventDefault();
    view.dom.classList.toggle("is-over", !view.state.readOnly);
  };
  const leave = (event: DragEvent) => {
    if (event.relatedTarget === null) view.dom.classList.remove("is-over");
  };
  const drop = (event: DragEvent) => {
    view.dom.classList.remove("is-over");
    if (!holds(event) || !event.dataTransfer) return;
    event.preventDefault(); // the editor's own handlers keep still then
    if (!view.state.readOnly) laid(view, event.dataTransfer.files, place(event));
  };
  const paste = (event: ClipboardEvent) => {
    const files = event.clipboardData ? alone(event.clipboardData) : [];
    if (files.length === 0 || view.state.readOnly || !(event.target as Element).closest(".lp-cell")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    attach(view, files);
  };
  document.addEventListener("dragover", over, true);
  document.addEventListener("dragleave", leave, true);
  document.addEventListener("drop", drop, true);
  view.dom.addEventListener("paste", paste, true);
  return {
    destroy() {
      document.removeEventListener("dragover", over, true);
      document.removeEventListener("dragleave", leave, true);
      document.removeEventListener("drop", drop, true);
      view.dom.removeEventListener("paste", paste, true);
    },
  };
});

// pickFiles asks for files and puts them at the cursor.
export function pickFiles(view: EditorView): void {
  const input = element("input", { type: "file", multiple: "", hidden: "" });
  input.addEventListener("change", () => {
    attach(view, input.files ?? []);
    input.remove();
    view.focus();
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

// asLink makes a link of the selected words when an address is pasted on them.
function asLink(view: EditorView, text: string): boolean {
  const { main } = view.state.selection;
  const link = text.trim();
  if (main.empty || !address.test(link)) return false;
  const words = view.state.sliceDoc(main.from, main.to);
  if (/[\n[\]]/.test(words) || address.test(words.trim())) return false;
  const insert = `[${words}](${link.replace(/[()]/g, (c) => (c === "(" ? "%28" : "%29"))})`;
  view.dispatch({
    changes: { from: main.from, to: main.to, insert },
    selection: EditorSelection.cursor(main.from + insert.length),
    userEvent: "input.paste",
  });
  return true;
}

// alone are the files of a clipboard with nothing else to take: office programs
// put a picture of the text beside it.
function alone(data: DataTransfer): File[] {
  const html = data.getData("text/html").replace(/<\/?(?:html|body)>|<!--[^>]*-->/gi, "");
  return html === "" || /^\s*(?:<meta[^>]*>\s*)?<img[^>]*>\s*$/i.test(html) ? [...data.files] : [];
}

// take handles a paste or drop; false leaves it to the editor.
function take(view: EditorView, data: DataTransfer): boolean {
  const files = alone(data);
  if (files.length > 0) {
    attach(view, files);
    return true;
  }
  const text = data.getData("text/plain");
  if (asLink(view, text)) return true;
  if (inCode(view.state, view.state.selection.main.from)) return false;
  if (view.state.selection.ranges.length > 1) return false;
  const clipped = read(data);
  if (!clipped) return false;
  put(view, clipped);
  return true;
}

// pasting brings it all into an editor.
export function pasting(o: PasteOptions): Extension {
  let plain = false;
  return [
    uploadable(o),
    dropping,
    Prec.high(
      keymap.of([
        {
          key: "Mod-Shift-v",
          run: () => {
            plain = true;
            setTimeout(() => (plain = false), 500);
            return false;
          },
        },
      ]),
    ),
    EditorView.domEventHandlers({
      paste(event, view) {
        const asText = plain;
        plain = false;
        if (!event.clipboardData || view.state.readOnly || asText) return false;
        if (!take(view, event.clipboardData)) return false;
        event.preventDefault();
        return true;
      },
      drop(event, view) {
        const data = event.dataTransfer;
        if (!data || view.state.readOnly) return false;
        // What is dragged inside the text is moved by the editor itself.
        if ((view as unknown as { inputState?: { draggedContent?: unknown } }).inputState?.draggedContent) return false;
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY }, false);
        view.dispatch({ selection: EditorSelection.cursor(at) });
        view.focus();
        if (!take(view, data)) return false;
        event.preventDefault();
        return true;
      },
    }),
  ];
}

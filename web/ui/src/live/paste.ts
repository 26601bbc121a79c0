// Pasting and dropping: rich text and tables become markdown, files are stored
// beside the page.
import { EditorSelection, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { element } from "../dom";
import { toast } from "../toast";
import { inCode } from "./choices";
import { type Picture, toMarkdown } from "./markdown";
import { fromTabs } from "./markdown-table";
import { upload, uploadable, type UploadOptions } from "./uploads";

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
    if (file) upload(view, file, at, picture.alt);
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
  for (const file of files) upload(view, named(file), at);
}

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

// take handles a paste or drop; false leaves it to the editor.
function take(view: EditorView, data: DataTransfer): boolean {
  const files = [...data.files];
  const html = data.getData("text/html");
  // Office programs put a picture of the text beside it.
  if (files.length > 0 && (html === "" || /^\s*(?:<meta[^>]*>\s*)?<img[^>]*>\s*$/i.test(html.replace(/<\/?(?:html|body)>|<!--[^>]*-->/gi, "")))) {
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
      dragover(event, view) {
        if (!event.dataTransfer?.types.includes("Files") || view.state.readOnly) return false;
        event.preventDefault();
        view.dom.classList.add("is-over");
        return false;
      },
      dragleave(event, view) {
        if (!view.dom.contains(event.relatedTarget as Node | null)) view.dom.classList.remove("is-over");
        return false;
      },
      drop(event, view) {
        view.dom.classList.remove("is-over");
        const data = event.dataTransfer;
        if (!data || view.state.readOnly) return false;
        // What is dragged inside the text is moved by the editor itself.
        if (data.files.length === 0 && (view as unknown as { inputState?: { draggedContent?: unknown } }).inputState?.draggedContent) return false;
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.doc.length;
        view.dispatch({ selection: EditorSelection.cursor(at) });
        view.focus();
        if (!take(view, data)) return false;
        event.preventDefault();
        return true;
      },
    }),
  ];
}

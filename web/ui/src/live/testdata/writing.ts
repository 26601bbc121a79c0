// What the tests of writing use: the converter, and an editor with everything
// that helps while writing.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { GFM, parser } from "@lezer/markdown";
import { Language, defineLanguageFacet } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { completions } from "../complete";
import { finding, openSearchPanel } from "../find";
import { linkWarnings } from "../linkwarn";
import { Lookup } from "../lookup";
import { toMarkdown } from "../markdown";
import { attach, pasting } from "../paste";
import { slashMenu } from "../slash";

function start(doc: string, section: "internal" | "external") {
  document.body.dataset.audience = section;
  const lookup = new Lookup(`/-/complete?prospect=northwind&section=${section}&stage=closing`);
  const view = new EditorView({
    parent: document.querySelector("#editor") as HTMLElement,
    state: EditorState.create({
      doc,
      selection: { anchor: doc.length },
      extensions: [
        EditorState.lineSeparator.of("\n"),
        EditorView.cspNonce.of("n0nce"),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Text" }),
        new Language(defineLanguageFacet(), parser.configure(GFM)).extension,
        slashMenu({
          section,
          now: () => new Date(2026, 10, 18),
          templates: () => lookup.find("template", "").then((items) => items.map(({ label, text }) => ({ name: label, text }))),
        }),
        completions({ lookup, now: () => new Date(2026, 10, 18) }),
        linkWarnings({ section, prospect: "northwind", guest: false, lookup }),
        pasting({ files: "/api/v1/prospects/northwind/files/external/closing/", maxFile: 1000 }),
        finding(),
        history(),
        keymap.of([...historyKeymap, ...defaultKeymap]),
      ],
    }),
  });
  view.focus();
  return view;
}

// paste does what the browser does when somebody pastes.
function paste(view: EditorView, parts: Record<string, string>, files: File[] = []) {
  const data = new DataTransfer();
  for (const [type, text] of Object.entries(parts)) data.setData(type, text);
  for (const file of files) data.items.add(file);
  view.contentDOM.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}

Object.assign(window, {
  writing: { toMarkdown, start, paste, attach, openSearchPanel },
});

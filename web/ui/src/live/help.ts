// The list of keys and signs, for those who look for it.
import { element, mac } from "../dom";

const cmd = mac ? "⌘" : "Ctrl";
const alt = mac ? "⌥" : "Alt";
const shift = mac ? "⇧" : "Shift";

const groups: [title: string, rows: [what: string, ...keys: string[]][]][] = [
  [
    "While writing",
    [
      ["Insert a fact, a table, a date …", "/"],
      ["Link a page", "[["],
      ["Name a person", "@"],
      ["Say when", "due:"],
      ["Go to the next field", "Tab"],
      ["Put down what is open, leave the text", "Esc"],
      ["To the tools, and of a table to its own", alt, "F10"],
    ],
  ],
  [
    "Text",
    [
      ["Bold", cmd, "B"],
      ["Italic", cmd, "I"],
      ["Strike out", cmd, shift, "X"],
      ["Code", cmd, "E"],
      ["Link", cmd, "K"],
      ["Heading 1 to 4, 0 for none", cmd, alt, "1"],
      ["Numbers, bullets, tasks", cmd, shift, "7 8 9"],
      ["Quote", cmd, shift, "."],
      ["Paste without format", cmd, shift, "V"],
      ["Undo your own last change", cmd, "Z"],
      ["Do it again", cmd, shift, "Z"],
    ],
  ],
  [
    "Page",
    [
      ["Find and replace", cmd, "F"],
      ["Next match", cmd, "G"],
      ["Comment on the selection", cmd, alt, "M"],
      ["Save a version now", cmd, "S"],
      ["Show the source", cmd, alt, "S"],
      ["These keys", cmd, "/"],
    ],
  ],
];

// shortcuts is what the dialog of keys shows.
export function shortcuts(): HTMLElement {
  const box = element("div", { class: "live-help" });
  for (const [title, rows] of groups) {
    const list = element("dl", { class: "keys-list" });
    for (const [what, ...keys] of rows) {
      const definition = element("dd");
      for (const key of keys) definition.append(element("kbd", {}, key));
      list.append(element("div", {}, element("dt", {}, what), definition));
    }
    box.append(element("section", {}, element("h3", { class: "eyebrow" }, title), list));
  }
  return box;
}

// showShortcuts opens it as a dialog.
export function showShortcuts(): void {
  const close = element("button", { class: "btn btn-primary", value: "" }, "Close");
  const dialog = element(
    "dialog",
    { class: "panel keys-dialog live-keys", "aria-labelledby": "live-keys-title" },
    element("div", { class: "panel-head" }, element("h2", { id: "live-keys-title" }, "Keys of the editor")),
    element("div", { class: "panel-body" }, shortcuts()),
    element("form", { method: "dialog", class: "panel-foot" }, close),
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}

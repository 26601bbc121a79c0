// Messages above the text about the connection: what happened, what became of
// what was typed, and what to do. Each kind stands at most once.
import { element, icon } from "../dom";
import { copyText } from "../menus";

export interface Act {
  label: string;
  icon?: string;
  run: () => void;
}

export class Banners {
  private readonly shown = new Map<string, HTMLElement>();

  constructor(private readonly box: HTMLElement) {}

  show(kind: string, look: "warn" | "danger" | "info", title: string, text: string, acts: readonly Act[] = []): void {
    this.hide(kind);
    const buttons = acts.map((act) => {
      const button = element("button", { type: "button", class: "btn btn-small" }, ...(act.icon ? [icon(act.icon, true)] : []), act.label);
      button.addEventListener("click", act.run);
      return button;
    });
    const banner = element(
      "div",
      { class: look === "info" ? "banner" : `banner banner-${look}`, role: look === "info" ? "status" : "alert" },
      icon(kind === "away" ? "wifi-off" : look === "info" ? "info" : "triangle-alert"),
      element("div", {}, element("p", {}, element("strong", {}, title), ` ${text}`)),
    );
    if (buttons.length > 0) banner.append(element("span", { class: "push-right row row-wrap" }, ...buttons));
    this.shown.set(kind, banner);
    this.box.append(banner);
    this.box.hidden = false;
  }

  hide(kind: string): void {
    this.shown.get(kind)?.remove();
    this.shown.delete(kind);
    this.box.hidden = this.shown.size === 0;
  }
}

// keep offers a text as a copy: into the clipboard, or as a file.
export function keep(title: string, text: () => string): Act[] {
  return [
    { label: "Copy the text", icon: "copy", run: () => void copyText(text(), "Text copied") },
    {
      label: "Save as .md",
      icon: "download",
      run: () => {
        const url = URL.createObjectURL(new Blob([text()], { type: "text/markdown" }));
        const a = element("a", { href: url, download: `${title.replace(/[\\/:*?"<>|]+/g, "-").slice(0, 80) || "page"}.md` });
        a.click();
        setTimeout(() => URL.revokeObjectURL(url), 10_000);
      },
    },
  ];
}

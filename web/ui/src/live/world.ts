// What drawing a page asks of the world: where its links lead, how the people
// in it are called. The server is asked once for each name; until it answers,
// what is written stands.
import type { EditorView } from "@codemirror/view";
import type { Config } from "./config";
import type { Lookup } from "./lookup";
import { type PageLink, type PreviewOptions, type WikiLink, refreshPreview } from "./preview";

export class World implements PreviewOptions {
  private readonly pages = new Map<string, PageLink | null>();
  private readonly people = new Map<string, string | null>();
  private timer = 0;
  view: EditorView | null = null;

  constructor(
    private readonly config: Config,
    private readonly lookup: Lookup,
  ) {}

  private get home(): string {
    return `/p/${encodeURIComponent(this.config.prospect)}`;
  }

  // resolve answers the address of a file or page that is named beside this
  // page.
  resolve(dest: string): string | null {
    if (/^[a-z][a-z0-9+.-]*:/i.test(dest) || dest.startsWith("//") || dest.startsWith("/") || dest.startsWith("#")) return dest;
    let url: URL;
    try {
      url = new URL(dest, `http://x/${encodeURIComponent(this.config.stage)}/`);
    } catch {
      return null;
    }
    const parts = url.pathname.split("/").slice(1);
    const section = this.config.section;
    const tail = url.search + url.hash;
    const last = (parts.at(-1) ?? "").replace(/\.md$/, "");
    if (this.config.home) {
      // Names are unique over a shared space; its addresses have no stages.
      if (parts.length > 1 && parts.at(-2) === "files") return `${this.config.home}/files/${parts.at(-1)}${tail}`;
      return parts.length <= 2 && last !== "" ? `${this.config.home}/${last}${tail}` : null;
    }
    if (parts.length === 3 && parts[1] === "files") return `${this.home}/files/${section}/${parts[0]}/${parts[2]}${tail}`;
    if (parts.length === 2) return `${this.home}/${section}/${parts[0]}/${(parts[1] ?? "").replace(/\.md$/, "")}${tail}`;
    return null;
  }

  // picture answers the address of an image's bytes: that of a file among staff
  // is a page about it.
  picture(dest: string): string | null {
    const at = this.resolve(dest);
    if (!at?.startsWith(`${this.home}/files/`) || at.includes("?")) return at;
    return at.replace(/(?=#|$)/, "?raw");
  }

  page(link: WikiLink): PageLink | undefined {
    if (link.page === "") return { href: `#${link.fragment}`, title: link.fragment, found: true };
    const name = link.prospect ? `${link.prospect}:${link.page}` : link.page;
    const known = this.pages.get(name);
    if (known !== undefined) return known ?? undefined;
    this.pages.set(name, null);
    // A shared space is asked by the page's own name: it knows no stages.
    void this.lookup.find("page", this.config.home ? (name.split("/").pop() ?? name) : name).then((found) => {
      const short = name.split("/").pop() ?? name;
      const hit = found.find(({ value }) => value === name || (!name.includes("/") && value.endsWith(`/${name}`)) || (this.config.home !== "" && value === short));
      if (hit && this.config.home) {
        this.pages.set(name, { href: `${this.config.home}/${encodeURIComponent(hit.value)}`, title: hit.label, found: true });
        this.refresh();
      } else if (hit) {
        const [prospect, path] = hit.value.includes(":") ? (hit.value.split(":") as [string, string]) : [this.config.prospect, hit.value];
        const section = hit.section || this.config.section;
        const href = `/p/${encodeURIComponent(prospect)}/${section}/${path.split("/").map(encodeURIComponent).join("/")}`;
        this.pages.set(name, { href, title: hit.label, found: true });
        this.refresh();
      }
    });
    return undefined;
  }

  person(handle: string): string | undefined {
    const known = this.people.get(handle);
    if (known !== undefined) return known ?? undefined;
    this.people.set(handle, null);
    void this.lookup.find("person", handle).then((found) => {
      const hit = found.find(({ value }) => value.toLowerCase() === handle);
      if (!hit) return;
      this.people.set(handle, hit.label);
      this.refresh();
    });
    return undefined;
  }

  // again asks anew for what nobody answered, as after time without a
  // connection.
  again(): void {
    for (const names of [this.pages, this.people]) {
      for (const [name, known] of names) if (known === null) names.delete(name);
    }
    this.refresh();
  }

  private refresh(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.view?.dispatch({ effects: refreshPreview.of(null) }), 50);
  }
}

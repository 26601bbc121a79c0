// Who is in this space, in the top bar: asked again while the screen is looked
// at. Asking also tells the others that we are here.
import { $, element } from "./dom";

interface Present {
  name: string;
  initials: string;
  color: number;
  guest: boolean;
  me: boolean;
  editing: boolean;
  here: boolean;
  title?: string;
  href: string;
}

const every = 20_000; // ms; the server forgets readers after 45 s
const most = 5;

export function setUpPresence(): void {
  const box = $("[data-present]");
  const address = box?.dataset.present;
  if (!box || !address) return;
  let asking = false;
  const ask = async () => {
    if (asking || document.visibilityState !== "visible") return;
    asking = true;
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const { people } = (await response.json()) as { people: Present[] };
      draw(box, people.filter((p) => !p.me));
    } catch {
      draw(box, []); // who is there is not known
    } finally {
      asking = false;
    }
  };
  document.addEventListener("visibilitychange", () => void ask());
  setInterval(() => void ask(), every);
  void ask();
}

function draw(box: HTMLElement, people: Present[]): void {
  const focused = document.activeElement instanceof HTMLAnchorElement && box.contains(document.activeElement) ? document.activeElement.title : "";
  box.hidden = people.length === 0;
  box.setAttribute("aria-label", `In this space now: ${people.map((p) => p.name).join(", ")}`);
  box.replaceChildren(
    ...people.slice(0, most).map((p) => {
      const label = where(p);
      return element(
        "a",
        { class: `avatar person-${p.color}${p.guest ? " avatar-guest" : ""}${p.here ? " is-here" : ""}`, href: p.href, title: label, "aria-label": label },
        p.initials,
      );
    }),
  );
  if (people.length > most) {
    const rest = people.slice(most).map(where).join("\n");
    box.append(element("span", { class: "meta", title: rest }, `+${people.length - most}`));
  }
  if (focused) [...box.querySelectorAll("a")].find((a) => a.title === focused)?.focus();
}

function where(p: Present): string {
  const name = p.guest ? `${p.name}, guest` : p.name;
  const doing = p.editing ? "writing" : "reading";
  if (p.here) return `${name}, ${doing} this page`;
  return p.title ? `${name}, ${doing} “${p.title}”` : `${name}, in this space`;
}

// Lists of Word and Outlook: paragraphs that only say in their style that they
// are items, and bring their bullet or number along as text.
import { css } from "./markdown-parse";

interface Item {
  el: HTMLElement;
  level: number; // 1 is outermost
  ordered: boolean;
  start: number;
}

function item(el: Element): Item | null {
  if (el.tagName !== "P" && el.tagName !== "DIV") return null;
  const found = /l\d+\s+level([1-9])/.exec(css(el, "mso-list"));
  if (!found) return null;
  const mark = markOf(el);
  const text = (mark?.textContent ?? "").replace(/[\s\u00a0]+/g, "");
  const ordered = /^\(?(?:\d{1,9}|[a-z]{1,4})(?:\.\d+)*[.)]$/i.test(text);
  mark?.remove();
  return { el: el as HTMLElement, level: Number(found[1]), ordered, start: /^\d/.test(text) ? parseInt(text, 10) : 1 };
}

// markOf is the element that holds the bullet or number.
function markOf(el: Element): Element | null {
  for (const span of el.getElementsByTagName("span")) {
    if (css(span, "mso-list") === "ignore") return span;
  }
  return null;
}

// makeLists puts real lists in place of such paragraphs.
export function makeLists(body: HTMLElement): void {
  const parents = new Set<Element>();
  for (const el of body.querySelectorAll("p, div")) {
    if (el.parentElement && css(el, "mso-list") !== "") parents.add(el.parentElement);
  }
  for (const parent of parents) {
    let open: { list: HTMLElement; level: number }[] = [];
    for (const child of [...parent.childNodes]) {
      if (child.nodeType !== 1) {
        if ((child.nodeValue ?? "").trim() !== "") open = [];
        continue;
      }
      const next = item(child as Element);
      if (!next) {
        open = [];
        continue;
      }
      while (open.length > 0 && (open.at(-1)?.level ?? 0) > next.level) open.pop();
      const last = open.at(-1);
      if (last && last.level === next.level && (last.list.tagName === "OL") !== next.ordered) open.pop();
      let own = open.at(-1);
      if (!own || own.level < next.level) {
        const list = body.ownerDocument.createElement(next.ordered ? "ol" : "ul");
        if (next.ordered && next.start > 1) list.setAttribute("start", String(next.start));
        if (own) (own.list.lastElementChild ?? own.list).append(list);
        else parent.insertBefore(list, child);
        own = { list, level: next.level };
        open.push(own);
      }
      const li = body.ownerDocument.createElement("li");
      li.append(...next.el.childNodes);
      own.list.append(li);
      next.el.remove();
    }
  }
}

// Parsing what the clipboard holds into a document that runs nothing.

const raw = /<(style|script|xml|title|noscript|template|svg|math|iframe|object|textarea|select)\b/gi;

// without takes away elements whose content is never text, and comments: the
// policy of the page would complain about styles and scripts even where they
// do nothing. It goes through the text once.
function without(html: string): string {
  const parts: string[] = [];
  let at = 0;
  const opening = new RegExp(`${raw.source}|<!--`, "gi");
  for (;;) {
    opening.lastIndex = at;
    const found = opening.exec(html);
    if (!found) break;
    parts.push(html.slice(at, found.index));
    const name = found[1];
    const end = name ? new RegExp(`</${name}\\s*>`, "gi") : /-->/g;
    end.lastIndex = found.index + (name ? found[0].length : 2);
    const close = end.exec(html);
    if (!close) return parts.join("");
    at = end.lastIndex;
  }
  parts.push(html.slice(at));
  return parts.join("");
}

const deepest = 500; // elements within each other

// tooDeep tells whether elements are nested beyond reason: parsing such a text
// alone takes browsers minutes.
function tooDeep(html: string): boolean {
  let depth = 0;
  for (const tag of html.matchAll(/<(\/?)(?:div|span|font|[abius]|strong|em|ul|ol|table|blockquote|section|article|del|code|sub|sup|big|small|center)\b/gi)) {
    depth = tag[1] ? Math.max(0, depth - 1) : depth + 1;
    if (depth > deepest) return true;
  }
  return false;
}

// parse answers the body of what was copied, null when it is not to be parsed.
// Styles and handlers are kept as data, because the page's policy refuses them
// and would complain.
export function parse(html: string): HTMLElement | null {
  const text = without(html)
    .replace(/([\s"'/])((?:style|on[a-z]{1,30})\s*=)/gi, "$1data-dw-$2")
    .replace(/<base\b/gi, "<dw-base");
  return tooDeep(text) ? null : new DOMParser().parseFromString(text, "text/html").body;
}

// restored is text as it was before parse renamed what looked like a style.
export function restored(text: string): string {
  return text.includes("data-dw-") ? text.replace(/([\s"'/])data-dw-((?:style|on[a-z]{1,30})\s*=)/gi, "$1$2") : text;
}

// css reads one property of an element's own style, in lower case.
export function css(el: Element, name: string): string {
  const style = el.getAttribute("data-dw-style") ?? "";
  if (!style.toLowerCase().includes(name)) return "";
  for (const part of style.split(";")) {
    const colon = part.indexOf(":");
    if (colon > 0 && part.slice(0, colon).trim().toLowerCase() === name) return part.slice(colon + 1).trim().toLowerCase();
  }
  return "";
}

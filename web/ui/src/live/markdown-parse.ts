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

// parse answers the body of what was copied. Styles are kept as data, because
// the page's policy refuses them as styles.
export function parse(html: string): HTMLElement {
  const text = without(html).replace(/(\s)style(\s*=\s*["'])/gi, "$1data-dw-style$2");
  return new DOMParser().parseFromString(text, "text/html").body;
}

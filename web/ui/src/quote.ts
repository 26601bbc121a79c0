// Finding quoted words in a text: exactly, or as they read. The same rules as
// on the server (wiki/comment_anchor.go): white space, punctuation, marks of
// emphasis and addresses of links do not count.

export interface Found {
  from: number;
  to: number;
}

export interface Quote {
  quote: string;
  before?: string;
  after?: string;
}

interface Loose {
  text: string;
  at: number[]; // where each unit of text stands in the source
}

const hidden = /\]\([^)\n]*\)|\[![^\]\n]*\]|\[\[[^\]\n|]*\||<\/?[a-z][^>\n]*>|&[A-Za-z0-9#]{1,8};|(?<= )\^[-0-9a-z]+/y;
const counts = /[\p{L}\p{N}\p{M}]|(?![\0-\x7f])\p{S}/u;

function loosen(source: string): Loose {
  let text = "";
  const at: number[] = [];
  for (let i = 0; i < source.length; ) {
    if ("][<&^".includes(source[i] ?? "")) {
      hidden.lastIndex = i;
      const match = hidden.exec(source);
      if (match) {
        i += match[0].length;
        continue;
      }
    }
    const char = String.fromCodePoint(source.codePointAt(i) ?? 0);
    if (counts.test(char)) {
      text += char;
      for (let k = 0; k < char.length; k++) at.push(i + k);
    }
    i += char.length;
  }
  return { text, at };
}

// asides stand in the source of a fact or task, and are drawn elsewhere.
const asides = /(?<![^\s])(?:@[\p{L}\p{N}\p{M}-]+|\^[-0-9a-z]+|(?:due|status|role|influence|access|by|met):\S+)/gu;

// plainWords are quoted words without the marks of the source.
export function plainWords(quote: string): string {
  return quote
    .replace(asides, "")
    .replace(/^\s*\[![a-z]+\]\s*/, "")
    .replace(/\[\[(?:[^\]|\n]*\|)?([^\]\n]*)\]\]/g, "$1")
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, "$1")
    .replace(/\*\*|__|~~|`/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

const maxCandidates = 500;
const endLength = 8;

// Finder looks for quotes in one text.
export class Finder {
  private kept: Loose | null = null;

  constructor(readonly source: string) {}

  private get loose(): Loose {
    return (this.kept ??= loosen(this.source));
  }

  // find answers where the words stand that have most in common around them;
  // of equals the nearest to near.
  find(q: Quote, near = -1): Found | null {
    let found = this.all(q.quote);
    if (found.length === 0) found = this.all(q.quote.replace(asides, ""));
    if (found.length < 2) return found[0] ?? null;
    const ahead = loosen(q.before ?? "").text;
    const behind = loosen(q.after ?? "").text;
    let best: Found | null = null;
    let most = -1;
    for (const place of found) {
      const score = suffix(this.loose.text.slice(0, this.index(place.from)), ahead) + prefix(this.loose.text.slice(this.index(place.to)), behind);
      if (score > most || (score === most && near >= 0 && best && Math.abs(place.from - near) < Math.abs(best.from - near))) {
        best = place;
        most = score;
      }
    }
    return best;
  }

  private all(quote: string): Found[] {
    const out: Found[] = [];
    if (quote.trim() === "") return out;
    for (let i = this.source.indexOf(quote); i >= 0 && out.length < maxCandidates; i = this.source.indexOf(quote, i + quote.length)) {
      out.push({ from: i, to: i + quote.length });
    }
    if (out.length > 0) return out;
    const words = loosen(quote).text;
    if (words === "") return out;
    const { text } = this.loose;
    for (let i = text.indexOf(words); i >= 0 && out.length < maxCandidates; i = text.indexOf(words, i + words.length)) {
      out.push(this.place(i, i + words.length));
    }
    if (out.length > 0 || words.length < 4 * endLength) return out;
    const head = words.slice(0, endLength);
    const tail = words.slice(-endLength);
    for (let i = text.indexOf(head); i >= 0 && out.length < maxCandidates; i = text.indexOf(head, i + head.length)) {
      const end = text.slice(i, i + 2 * words.length + 200).lastIndexOf(tail);
      if (end >= words.length / 2) out.push(this.place(i, i + end + tail.length));
    }
    return out;
  }

  private place(from: number, to: number): Found {
    return { from: this.loose.at[from] ?? 0, to: (this.loose.at[to - 1] ?? 0) + 1 };
  }

  // index is the first place of the loosened text at or behind an offset.
  private index(offset: number): number {
    const { at } = this.loose;
    let low = 0;
    let high = at.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((at[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function prefix(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

function suffix(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[a.length - 1 - n] === b[b.length - 1 - n]) n++;
  return n;
}

// around is what stands just before and after a range, for telling it from
// others with the same words. No character is cut in two.
export function around(text: string, at: Found, length = 64): { before: string; after: string } {
  const low = /^[\uDC00-\uDFFF]/;
  const high = /[\uD800-\uDBFF]$/;
  return { before: text.slice(Math.max(0, at.from - length), at.from).replace(low, ""), after: text.slice(at.to, at.to + length).replace(high, "") };
}

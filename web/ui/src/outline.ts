import { $, $$ } from "./dom";
import { copyText } from "./menus";

// setUpOutline marks the heading that is being read, and lets a heading's
// anchor copy its address besides going there.
export function setUpOutline(): void {
  const list = $("[data-outline]");
  const links = list ? $$<HTMLAnchorElement>("a", list) : [];
  const byID = new Map(links.map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const headings = $$("[data-prose] :is(h1,h2,h3,h4)[id]");

  document.addEventListener("click", (event) => {
    const anchor = (event.target as Element).closest<HTMLAnchorElement>(".prose a.anchor");
    if (anchor) void copyText(anchor.href, "Link copied");
  });

  const watched = headings.filter((heading) => byID.has(heading.id));
  if (watched.length === 0) return;
  let frame = 0;
  const mark = () => {
    frame = 0;
    const line = 140; // below the bars
    let current = watched[0];
    for (const heading of watched) if (heading.getBoundingClientRect().top < line) current = heading;
    const end = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 4;
    if (end && window.scrollY > 0) current = watched[watched.length - 1];
    for (const link of links) link.removeAttribute("aria-current");
    if (current) byID.get(current.id)?.setAttribute("aria-current", "true");
  };
  const later = () => {
    frame ||= requestAnimationFrame(mark);
  };
  document.addEventListener("scroll", later, { passive: true });
  window.addEventListener("resize", later);
  mark();
}

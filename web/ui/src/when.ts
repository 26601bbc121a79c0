import { $$ } from "./dom";

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

// words says when something was, in the reader's zone.
export function words(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (Math.abs(seconds) < 45) return "just now";
  if (Math.abs(seconds) < 45 * 60) return relative.format(-Math.round(seconds / 60), "minute");
  const midnight = (d: Date) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0) return clock.format(at);
  if (days === 1) return `yesterday ${clock.format(at)}`;
  if (days > 1 && days < 7) return relative.format(-days, "day");
  if (days < 0 && days > -30) return relative.format(-days, "day");
  return at.getFullYear() === now.getFullYear() ? day.format(at) : dayYear.format(at);
}

// showTimes rewrites the page's times.
export function showTimes(): void {
  if (document.hidden) return;
  const now = new Date();
  for (const el of $$<HTMLTimeElement>("time[data-when]")) {
    const at = new Date(el.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const text = words(at, now);
    if (el.textContent !== text) el.textContent = text;
    if (!el.title) el.title = full.format(at);
  }
}

// setUpTimes shows them now, and again each minute while the page is seen.
export function setUpTimes(): void {
  showTimes();
  window.setInterval(showTimes, 60_000);
  document.addEventListener("visibilitychange", showTimes);
}

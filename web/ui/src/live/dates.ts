// Dates as the wiki writes them, in the writer's own time zone.

export function iso(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export interface NamedDate {
  name: string;
  date: string; // YYYY-MM-DD
  said: string; // as people say it: “Mon 23 Nov”
}

function plus(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
}

export function said(date: Date): string {
  return date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
}

// namedDates are the days people mean most often, soonest first.
export function namedDates(now = new Date()): NamedDate[] {
  const monday = ((8 - now.getDay()) % 7) || 7;
  const friday = ((5 - now.getDay() + 7) % 7) || 7;
  const lastOfMonth = new Date(now.getFullYear(), now.getMonth() + 1, 0);
  const days: [string, Date][] = [
    ["Today", plus(now, 0)],
    ["Tomorrow", plus(now, 1)],
    [now.getDay() === 5 ? "Next Friday" : "Friday", plus(now, friday)],
    ["Next Monday", plus(now, monday)],
    ["In two weeks", plus(now, 14)],
    ["End of this month", lastOfMonth],
  ];
  return days.map(([name, day]) => ({ name, date: iso(day), said: said(day) }));
}

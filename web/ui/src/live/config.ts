// What the page tells its editor; web.LiveConfig on the server.
export interface Person {
  id: string;
  name: string;
  handle?: string;
  initials: string;
  color: string; // "#2767ab"
  number: number; // the colour's number in the design tokens, 1 to 8
  guest: boolean;
}

export interface Config {
  socket: string; // path of the websocket
  epoch: string; // of the page's document
  place: string; // SECTION/STAGE/PAGE
  prospect: string;
  section: "internal" | "external";
  stage: string;
  title: string;
  readers: string; // who reads an external page
  write: boolean;
  me: Person;
  version: string; // commit of the newest version
  number: number; // of the newest version
  files: string; // PUT NAME below it
  maxFile: number; // bytes
  complete: string; // takes &kind=page|person&q=
  comments: string; // the API's call about the page's comments
  present: string; // who is in this space, and where
  page: string; // the reading page
  form: string; // the editor that works without scripts
  leave: string; // where Esc leads
  home: string; // the shared space, where pages and files have no stages; "" for staff's own screens
  nonce: string; // styles made by the script carry it
}

// readConfig finds the configuration in the page; null on pages without an
// editor.
export function readConfig(): Config | null {
  const script = document.getElementById("live-config");
  if (!script) return null;
  return JSON.parse(script.textContent ?? "") as Config;
}

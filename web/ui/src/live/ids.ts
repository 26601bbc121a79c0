// Ids of facts and actions, made the way the server makes them: a letter for
// the kind and thirty random bits in letters that are not mistaken for another.

const letters = "0123456789abcdefghjkmnpqrstvwxyz";

const marks: Record<string, string> = {
  decision: "d",
  commitment: "c",
  requirement: "r",
  risk: "k",
  question: "q",
  stakeholder: "s",
};

// newID makes an id such as “c-7f3a9k”; a kind that is no fact is an action.
export function newID(kind: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  let id = "";
  for (const byte of bytes) id += letters[byte % letters.length];
  return `${marks[kind] ?? "t"}-${id}`;
}

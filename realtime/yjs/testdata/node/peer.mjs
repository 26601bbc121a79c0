// Asks the package under test. It reads our standard output and answers on our
// standard input; words for people go to standard error.
//
//   request: u32 length | u8 operation | u32 document | payload
//   answer:  u32 length | u8 status (0 done, 1 refused, 2 panic) | payload
const OP = { make: 1, apply: 2, state: 3, vector: 4, text: 5, insert: 6, delete: 7, free: 8, merge: 9, replace: 10, spans: 11, rebase: 12, check: 13 }

console.log = console.info = () => {} // yjs may print, but standard output is ours

export class PeerError extends Error {
  constructor (status, message) { super(message); this.panic = status === 2 }
}

const u32 = (...n) => { const b = Buffer.alloc(4 * n.length); n.forEach((v, i) => b.writeUInt32LE(v, 4 * i)); return b }
const framed = list => Buffer.concat(list.flatMap(b => [u32(b.length), b]))

export class Peer {
  constructor () {
    this.queue = []; this.out = []
    let have = []; let size = 0; let want = 4
    process.stdin.on('data', d => {
      have.push(d); size += d.length
      if (size < want) return
      let b = have.length > 1 ? Buffer.concat(have) : d
      while (b.length >= 4 && b.length >= 4 + b.readUInt32LE(0)) {
        const end = 4 + b.readUInt32LE(0)
        const { done, refused } = this.queue.shift()
        b[4] === 0 ? done(b.subarray(5, end)) : refused(new PeerError(b[4], b.toString('utf8', 5, end)))
        b = b.subarray(end)
      }
      have = b.length ? [b] : []; size = b.length; want = size >= 4 ? 4 + b.readUInt32LE(0) : 4
    })
  }

  call (op, doc, ...parts) {
    const body = Buffer.concat(parts.map(p => p instanceof Uint8Array ? p : Buffer.from(p)))
    const head = Buffer.alloc(9); head.writeUInt32LE(body.length + 5, 0); head[4] = op; head.writeUInt32LE(doc, 5)
    if (this.out.length === 0) setImmediate(() => { process.stdout.write(Buffer.concat(this.out)); this.out = [] })
    this.out.push(head, body)
    const p = new Promise((resolve, reject) => this.queue.push({ done: resolve, refused: reject }))
    p.catch(() => {}) // whoever cares awaits it
    return p
  }

  make (doc, client) { return this.call(OP.make, doc, u32(client)) }
  apply (doc, u) { return this.call(OP.apply, doc, u) }
  async state (doc, vector) { return new Uint8Array(await this.call(OP.state, doc, vector ?? [])) }
  async vector (doc) { return new Uint8Array(await this.call(OP.vector, doc)) }
  async text (doc) { return (await this.call(OP.text, doc)).toString('utf8') }
  async insert (doc, pos, s) { return new Uint8Array(await this.call(OP.insert, doc, u32(pos), s)) }
  async delete (doc, pos, n) { return new Uint8Array(await this.call(OP.delete, doc, u32(pos, n))) }
  async replace (doc, s) { return new Uint8Array(await this.call(OP.replace, doc, s)) }
  async merge (updates) { return new Uint8Array(await this.call(OP.merge, 0, framed(updates))) }
  async rebase (doc, state, s) { return new Uint8Array(await this.call(OP.rebase, doc, framed([state, Buffer.from(s)]))) }
  async spans (doc, vector) { return JSON.parse(await this.call(OP.spans, doc, vector ?? [])) }
  check (doc) { return this.call(OP.check, doc) }
  free (doc) { return this.call(OP.free, doc) }
}

// A seeded source of chance, so that a failing run can be repeated.
export const chance = seed => {
  let a = seed >>> 0
  const f = () => { a = (a + 0x6D2B79F5) | 0; let t = Math.imul(a ^ (a >>> 15), 1 | a); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296 }
  f.int = n => Math.floor(f() * n)
  f.pick = list => list[f.int(list.length)]
  f.shuffle = list => { for (let i = list.length - 1; i > 0; i--) { const j = f.int(i + 1); [list[i], list[j]] = [list[j], list[i]] } return list }
  return f
}

const WORDS = ['a', 'b', ' ', '\n', '# ', '**bold**', 'é', 'ß', '漢字', 'ไทย', '😀', '👩‍👩‍👧‍👦', '🇩🇪', '𝔘𝔫𝔦', 'e\u0301', '- item\n', '\u0000', '\u200d', 'Ελλ', '—', '```js\n', 'some words in a row ']
export const word = r => r() < 0.7 ? r.pick(WORDS) : Array.from({ length: 1 + r.int(4) }, () => r.pick(WORDS)).join('')

// A position in s that does not cut a surrogate pair.
export const whole = (s, i) => { const c = s.charCodeAt(i); return i > 0 && i < s.length && c >= 0xDC00 && c <= 0xDFFF ? i - 1 : i }
export const options = () => Object.fromEntries(process.argv.slice(2).map(a => a.replace(/^--/, '').split(/=(.*)/s).slice(0, 2)))
export const say = (...words) => process.stderr.write(words.join(' ') + '\n')

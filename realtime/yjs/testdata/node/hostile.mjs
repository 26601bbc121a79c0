// Genuine updates, damaged. Whatever the package under test accepts, yjs has to
// take without throwing, and it has to read the same text from our state. Where
// the damage made a character lie about its neighbours its place is luck: yjs
// then has one text and after loading its own state another; ours is one of them.
//
//   --count=N  --seed=N
import * as Y from 'yjs'
import { Peer, chance, word, options, say } from './peer.mjs'

const o = { count: '2000', seed: '1', ...options() }
const r = chance(+o.seed); const peer = new Peer()
const sum = { accepted: 0, refused: 0, waiting: 0, luck: 0, panics: 0, poison: 0, differs: 0, checks: 0 }
const seeds = []
for (let i = 0; i < 60; i++) {
  const docs = [0, 1, 2].map(k => { const d = new Y.Doc(); d.clientID = 1 + k + r.int(1000); return d })
  for (let s = 0; s < 30; s++) {
    const d = r.pick(docs); const t = d.getText('content')
    if (t.length && r() < 0.3) { const a = r.int(t.length); t.delete(a, Math.min(3, t.length - a)) } else t.insert(r.int(t.length + 1), word(r))
    if (r() < 0.3) Y.applyUpdate(r.pick(docs), Y.encodeStateAsUpdate(r.pick(docs)))
  }
  if (i % 5 === 0) { docs[0].getMap('m').set('b', { x: [1, 'y', null] }); docs[0].getText('content').format(0, Math.min(2, docs[0].getText('content').length), { bold: true }) }
  seeds.push(Y.encodeStateAsUpdate(docs[0]))
}
function damage (u) {
  let b = Buffer.from(u)
  for (let k = 1 + r.int(3); k > 0 && b.length; k--) {
    const x = r.int(5); const i = r.int(b.length); const j = r.int(b.length)
    b = Buffer.from(b)
    if (x === 0) b = b.subarray(0, i)
    else if (x === 1) b[i] ^= 1 << r.int(8)
    else if (x === 2) b[i] = r.pick([0, 1, 127, 128, 255, 0x84, 0xc4, 0x44, 7, 8, 10])
    else if (x === 3) b = Buffer.concat([b.subarray(0, i), b.subarray(Math.min(i, j), Math.max(i, j)), b.subarray(i)])
    else b = Buffer.concat([b.subarray(0, i), b.subarray(Math.min(b.length, i + 1 + r.int(4)))])
  }
  return new Uint8Array(b)
}
const bad = (kind, base, u, why) => { sum[kind]++; if (sum[kind] < 5) say(kind, why, base ? Buffer.from(base).toString('hex') : '-', Buffer.from(u).toString('hex')) }
const read = d => Buffer.from(d.getText('content').toString()).toString()
console.warn = console.error = () => {}
for (let i = 0; i < +o.count; i++) {
  const whole = r.pick(seeds); const u = damage(whole); let base = null
  peer.make(1, 7)
  if (r() < 0.5) { try { await peer.apply(1, whole); base = whole } catch {} }
  const before = base ? await peer.text(1) : ''
  let accepted = true
  try { await peer.apply(1, u) } catch (e) { accepted = false; if (e.panic) bad('panics', base, u, e.message) }
  const text = await peer.text(1)
  if (!accepted) { sum.refused++; if (text !== before) bad('differs', base, u, 'refused, but changed') } else {
    sum.accepted++
    try { Y.applyUpdate(new Y.Doc(), u) } catch (e) { bad('poison', base, u, e.message) }
  }
  try { await peer.check(1) } catch (e) { bad('checks', base, u, e.message) }
  try {
    const d = new Y.Doc(); Y.applyUpdate(d, await peer.state(1))
    if (d.store.pendingStructs || d.store.pendingDs) sum.waiting++
    const loaded = read(d)
    if (loaded !== text) {
      const heard = new Y.Doc(); heard.getText('content'); if (base) Y.applyUpdate(heard, base); Y.applyUpdate(heard, u)
      const again = new Y.Doc(); Y.applyUpdate(again, Y.encodeStateAsUpdate(heard))
      if (read(heard) !== read(again) && [read(heard), read(again)].includes(text)) sum.luck++
      else bad('differs', base, u, 'yjs reads another text from our state')
    }
  } catch (e) { bad('poison', base, u, 'our state: ' + e.message) }
}
say(JSON.stringify(sum))
process.exit(sum.panics + sum.poison + sum.checks + sum.differs ? 1 : 0)

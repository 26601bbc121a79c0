// Random sessions: several clients of yjs and the package under test edit one
// text. Updates arrive shuffled, twice or never; clients leave and come back
// with what they had stored. In the end all have to be equal.
//
//   --sessions=N  --seed=N
import * as Y from 'yjs'
import { Peer, chance, word, whole, options, say } from './peer.mjs'

const o = { sessions: '100', seed: '1', steps: '40', ...options() }
const peer = new Peer()
const hex = b => Buffer.from(b).toString('hex')
const sorted = v => JSON.stringify([...Y.decodeStateVector(v).entries()].filter(e => e[1] > 0).sort((a, b) => a[0] - b[0]))
const valid = s => Buffer.from(s).toString() // half a pair is U+FFFD
const PEER = 1; const AGAIN = 2
const sum = { sessions: 0, edits: 0, updates: 0, lost: 0, rejoined: 0, stranded: 0, identical: 0, compared: 0, failed: 0 }

// Who wrote which characters, as yjs has it: [client, units] in a row.
function written (doc, since) {
  const known = since ? Y.decodeStateVector(since) : new Map(); const out = []
  let at = 0
  for (let i = doc.getText('content')._start; i !== null; i = i.right) {
    if (i.deleted) continue
    const skip = Math.max(0, Math.min(i.length, (known.get(i.id.client) ?? 0) - i.id.clock))
    const from = at + skip; at += i.length
    if (from === at) continue
    const last = out[out.length - 1]
    if (last && last[0] === i.id.client && last[2] === from) last[2] = at; else out.push([i.id.client, from, at])
  }
  return JSON.stringify(out)
}

async function session (seed) {
  const r = chance(seed * 7919)
  const n = 2 + r.int(4)
  const cuts = r() < 0.15 // surrogate pairs may be cut
  const causal = r() < 0.3 // everybody gets updates in the order in which they were made
  const undo = r() < 0.3
  const lossy = !causal && r() < 0.5
  const log = [] // every update by anybody
  const clients = []
  const join = (i, stored) => {
    const doc = new Y.Doc(); doc.clientID = 1 + r.int(4294967290)
    if (stored) Y.applyUpdate(doc, stored, 'remote')
    doc.on('update', (u, origin) => { if (origin !== 'remote') log.push(u) })
    clients[i] = { doc, text: doc.getText('content'), undo: undo ? new Y.UndoManager(doc.getText('content'), { captureTimeout: 0 }) : null, next: clients[i]?.next ?? 0 }
  }
  for (let i = 0; i < n; i++) join(i)
  let peerNext = 0; let base = null; let since = null
  // What the peer hears, in its order: a yjs document that hears the same.
  const twin = new Y.Doc(); twin.clientID = 4294967291; twin.getText('content')
  const toPeer = u => { sum.updates++; Y.applyUpdate(twin, u); return peer.apply(PEER, u) }
  await peer.make(PEER, 1 + r.int(4294967290))
  for (let s = 0; s < +o.steps; s++) {
    const who = r.int(n + 1); sum.edits++
    if (who < n) {
      const { doc, text, undo } = clients[who]
      if (undo && r() < 0.25) { for (let k = 1 + r.int(3); k > 0; k--) r() < 0.6 ? undo.undo() : undo.redo() } else {
        doc.transact(() => {
          for (let k = 1 + r.int(2); k > 0; k--) {
            const str = text.toString()
            let i = r.int(str.length + 1); if (!cuts) i = whole(str, i)
            if (str.length && r() < 0.4) { let e = Math.min(str.length, i + 1 + r.int(6)); if (!cuts) e = whole(str, e); if (e > i) text.delete(i, e - i) } else text.insert(i, word(r))
          }
        })
      }
    } else {
      const str = await peer.text(PEER); const x = r()
      const i = whole(str, r.int(str.length + 1)); let u
      if (x < 0.35) { // a text from elsewhere, made from this one or an older one
        const from = base && x < 0.12 ? base : { state: null, text: str }
        const lines = from.text.split('\n')
        for (let k = 1 + r.int(3); k > 0; k--) { const j = r.int(lines.length + 1); const y = r(); if (y < 0.4) lines.splice(j, 0, word(r)); else if (y < 0.7) lines.splice(j, 1); else if (lines[j] !== undefined) lines[j] = lines[j].slice(0, whole(lines[j], r.int(lines[j].length + 1))) + word(r) }
        const next = lines.join('\n')
        if (from.state) { u = await peer.rebase(PEER, from.state, next); if (u.length) { const d = new Y.Doc(); Y.applyUpdate(d, from.state); Y.applyUpdate(d, u); if (valid(d.getText('content').toString()) !== next) throw new Error('rebase: text differs'); await peer.apply(PEER, u) } } else { u = await peer.replace(PEER, next); if (await peer.text(PEER) !== next) throw new Error('replace: text differs') }
      } else if (str.length && x < 0.6) { const e = whole(str, Math.min(str.length, i + 1 + r.int(6))); if (e > i) u = await peer.delete(PEER, i, e - i) } else u = await peer.insert(PEER, i, word(r))
      if (u?.length) { log.push(u); Y.applyUpdate(twin, u) }
    }
    for (let k = r.int(4); k > 0 && log.length; k--) { // deliver some
      const w = r.int(n + 1)
      if (causal) {
        if (w < n) { const c = clients[w]; if (c.next < log.length) Y.applyUpdate(c.doc, log[c.next++], 'remote') } else if (peerNext < log.length) toPeer(log[peerNext++])
      } else if (w < n) Y.applyUpdate(clients[w].doc, r.pick(log), 'remote')
      else if (r() < 0.2) { const some = [r.pick(log), r.pick(log), r.pick(log)]; toPeer(await peer.merge(some)) } else toPeer(r.pick(log))
    }
    if (r() < 0.05) { // sync by state vectors, both ways
      const { doc } = r.pick(clients)
      const theirs = Y.encodeStateAsUpdate(doc, await peer.vector(PEER))
      const ours = await peer.state(PEER, Y.encodeStateVector(doc))
      toPeer(theirs); Y.applyUpdate(doc, ours, 'remote')
    }
    if (r() < 0.03) { const i = r.int(n); join(i, Y.encodeStateAsUpdate(clients[i].doc)); sum.rejoined++ }
    if (r() < 0.06) { base = { state: await peer.state(PEER), text: await peer.text(PEER) }; since = await peer.vector(PEER) }
  }
  // Everybody gets everything, shuffled, some twice. Of a lossy session much is
  // lost, and is made up for by syncing with the peer.
  const order = causal ? log.map((_, i) => i) : r.shuffle(log.map((_, i) => i))
  if (!causal) for (let k = r.int(5); k > 0 && log.length; k--) order.push(r.int(log.length))
  const heard = lossy ? order.filter(() => r() < 0.5) : order
  sum.lost += order.length - heard.length
  for (const j of heard) toPeer(log[j])
  for (const { doc } of clients) for (const j of causal ? order : r.shuffle(heard.slice())) Y.applyUpdate(doc, log[j], 'remote')
  for (let round = 0; round < 2; round++) {
    for (const { doc } of clients) {
      const theirs = Y.encodeStateAsUpdate(doc, await peer.vector(PEER))
      toPeer(theirs); Y.applyUpdate(doc, await peer.state(PEER, Y.encodeStateVector(doc)), 'remote')
    }
  }
  for (const j of order) toPeer(log[j]) // yjs may strand what waits
  for (const { doc } of clients) { if (doc.store.pendingStructs) sum.stranded++; log.forEach(u => Y.applyUpdate(doc, u, 'remote')) }
  log.forEach(u => Y.applyUpdate(twin, u))

  const doc = clients[0].doc
  const want = valid(doc.getText('content').toString()); const got = await peer.text(PEER)
  await peer.check(PEER)
  if (clients.some(c => valid(c.text.toString()) !== want)) throw new Error('clients of yjs differ among themselves')
  if (got !== want) throw new Error(`text differs: want ${JSON.stringify(want.slice(0, 60))} got ${JSON.stringify(got.slice(0, 60))}`)
  if (sorted(await peer.vector(PEER)) !== sorted(Y.encodeStateVector(doc))) throw new Error('state vector differs')
  const state = await peer.state(PEER); const fresh = new Y.Doc(); Y.applyUpdate(fresh, state)
  if (valid(fresh.getText('content').toString()) !== want) throw new Error('yjs from our state: text differs')
  if (fresh.store.pendingStructs || fresh.store.pendingDs) throw new Error('yjs from our state: something waits')
  if (sorted(Y.encodeStateVector(fresh)) !== sorted(Y.encodeStateVector(doc))) throw new Error('yjs from our state: state vector differs')
  if (!cuts) {
    const other = new Y.Doc(); Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    if (hex(Y.encodeStateAsUpdate(other)) !== hex(Y.encodeStateAsUpdate(fresh))) throw new Error('deletions or structs differ after loading')
    sum.compared++
    const ours = hex(state); const theirs = hex(Y.encodeStateAsUpdate(twin))
    if (ours === theirs) sum.identical++
    else if (ours.length > theirs.length) throw new Error(`state is larger than that of yjs: ${ours.length / 2} ${theirs.length / 2}`)
  }
  if (!cuts && JSON.stringify(await peer.spans(PEER)) !== written(doc)) throw new Error('who wrote what differs')
  if (!cuts && since && JSON.stringify(await peer.spans(PEER, since)) !== written(doc, since)) throw new Error('who wrote what since differs')
  const half = new Y.Doc(); for (const j of order.slice(0, order.length >> 1)) Y.applyUpdate(half, log[j])
  Y.applyUpdate(half, await peer.state(PEER, Y.encodeStateVector(half)))
  if (valid(half.getText('content').toString()) !== want) throw new Error('difference by state vector: text differs')
  await peer.make(AGAIN, 77); await peer.apply(AGAIN, state); await peer.check(AGAIN)
  if (await peer.text(AGAIN) !== want) throw new Error('our document from our state: text differs')
  await peer.free(AGAIN); await peer.make(AGAIN, 78); await peer.apply(AGAIN, await peer.merge(r.shuffle(log.slice()))); await peer.check(AGAIN)
  if (await peer.text(AGAIN) !== want) throw new Error('all updates merged: text differs')
  await peer.free(AGAIN); await peer.free(PEER)
}

for (let i = 0; i < +o.sessions; i++) {
  sum.sessions++
  try { await session(+o.seed + i) } catch (e) {
    sum.failed++
    say(`session with seed ${+o.seed + i}: ${e.message.split('\n').slice(0, 12).join('\n')}`)
    if (sum.failed >= 10) break
  }
}
say(JSON.stringify(sum))
process.exit(sum.failed ? 1 : 0)

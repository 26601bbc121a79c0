// Types the recorded trace into yjs and applies it to another document,
// keystroke by keystroke. Prints what came out and how long it took.
//
//   --trace=file.json.gz  --state=file to write  --rounds=N
import * as Y from 'yjs'
import fs from 'node:fs'
import zlib from 'node:zlib'
import { createHash } from 'node:crypto'
import { options, say } from './peer.mjs'

const o = { rounds: '1', ...options() }
const trace = JSON.parse(zlib.gunzipSync(fs.readFileSync(o.trace)))
const ops = trace.txns.flatMap(t => t.patches)
let type = Infinity; let apply = Infinity; let load = Infinity; let state; let digest
for (let round = 0; round < +o.rounds; round++) {
  const updates = []
  const d = new Y.Doc(); d.clientID = 1001; const text = d.getText('content'); d.on('update', u => updates.push(u))
  let t = performance.now()
  for (const [pos, del, ins] of ops) d.transact(() => { if (del) text.delete(pos, del); if (ins) text.insert(pos, ins) })
  type = Math.min(type, performance.now() - t)
  if (text.toString() !== trace.endContent) throw new Error('yjs ends with another text')
  const e = new Y.Doc(); e.getText('content')
  t = performance.now()
  for (const u of updates) Y.applyUpdate(e, u)
  apply = Math.min(apply, performance.now() - t)
  state = Y.encodeStateAsUpdate(e)
  t = performance.now()
  Y.applyUpdate(new Y.Doc(), state)
  load = Math.min(load, performance.now() - t)
  const sum = createHash('sha256'); for (const u of updates) sum.update(u)
  digest = sum.digest('hex')
}
if (o.state) fs.writeFileSync(o.state, state)
say(JSON.stringify({ updates: digest, state: state.length, type, apply, load }))

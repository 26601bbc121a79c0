// Named cases, one for each mistake that an implementation of Yjs has been seen
// to make.
import * as Y from 'yjs'
import { Peer, say } from './peer.mjs'

const peer = new Peer(); let failed = 0; let id = 10
const doc = client => { const d = new Y.Doc(); d.clientID = client; return d }
const made = (d, f) => { let u; const h = v => { u = v }; d.on('update', h); d.transact(() => f(d.getText('content'))); d.off('update', h); return u }
const text = d => d.getText('content').toString()
const want = async (i, s) => { await peer.check(i); const got = await peer.text(i); return got === s ? '' : `want ${JSON.stringify(s)} got ${JSON.stringify(got)}` }
async function test (name, f) {
  id++; let wrong
  try { await peer.make(id, 900 + id); wrong = await f(id) } catch (e) { wrong = e.message }
  if (wrong) { failed++; say(`${name}: ${wrong}`) }
}
await test('a deletion that arrives before its insertion', async i => { const d = doc(1); const a = made(d, x => x.insert(0, 'abc')); const b = made(d, x => x.delete(1, 1)); await peer.apply(i, b); await peer.apply(i, a); return want(i, 'ac') })
await test('an insertion that arrives before what it follows', async i => { const d = doc(1); const a = made(d, x => x.insert(0, 'abc')); const b = made(d, x => x.insert(1, 'X')); await peer.apply(i, b); await peer.apply(i, a); return want(i, 'aXbc') })
await test('two clients at one place', async i => { const a = made(doc(1), x => x.insert(0, 'A')); const b = made(doc(2), x => x.insert(0, 'B')); await peer.apply(i, b); await peer.apply(i, a); return want(i, 'AB') })
await test('a split, a deletion, an insertion between', async i => { const d = doc(1); const us = [made(d, x => x.insert(0, '```js\n')), made(d, x => { x.delete(1, 2); x.insert(1, 'em') }), made(d, x => x.insert(2, 'Z'))]; for (const u of us) await peer.apply(i, u); return want(i, text(d)) })
await test('two edits in one transaction, the second inside the first', async i => { const d = doc(1); await peer.apply(i, made(d, x => { x.insert(0, 'abcdef'); x.insert(3, 'XYZ'); x.delete(2, 2) })); return want(i, text(d)) })
await test('positions are UTF-16 units', async i => { const d = doc(1); for (const u of [made(d, x => x.insert(0, '\u{1F1E9}\u{1F1EA}')), made(d, x => x.insert(2, '-'))]) await peer.apply(i, u); return want(i, '\u{1F1E9}-\u{1F1EA}') })
await test('we insert after a surrogate pair', async i => { const d = doc(1); await peer.apply(i, made(d, x => x.insert(0, '😀b'))); Y.applyUpdate(d, await peer.insert(i, 2, 'X')); return text(d) === '😀Xb' ? want(i, '😀Xb') : 'yjs reads ' + text(d) })
await test('a pair that is cut becomes U+FFFD twice', async i => { const d = doc(1); for (const u of [made(d, x => x.insert(0, '😀')), made(d, x => x.insert(1, '-'))]) await peer.apply(i, u); return want(i, '\uFFFD-\uFFFD') })
await test('a lone surrogate is U+FFFD', async i => { const d = doc(1); await peer.apply(i, made(d, x => x.insert(0, 'a\uD83Db'))); return want(i, 'a\uFFFDb') })
await test('200 typed characters are stored as one', async i => { const d = doc(1); for (let k = 0; k < 200; k++) await peer.apply(i, made(d, x => x.insert(k, 'a'))); const n = (await peer.state(i)).length; return n < 250 ? '' : n + ' bytes' })
await test('deleted text leaves the state', async i => { const d = doc(1); await peer.apply(i, made(d, x => x.insert(0, 'secret'.repeat(50)))); await peer.apply(i, made(d, x => x.delete(0, 300))); return Buffer.from(await peer.state(i)).includes('secret') ? 'still there' : '' })
await test('what waits moves on as soon as it can (yjs 13.6.33 strands it)', async i => {
  const [d1, d2, d3, d4] = [1, 2, 3, 4].map(doc); const apply = Y.applyUpdate
  const a0 = made(d1, x => x.insert(0, 'a')); apply(d2, a0); const b0 = made(d2, x => x.insert(0, 'b')); apply(d1, b0); apply(d3, a0); apply(d3, b0)
  const a1 = made(d1, x => x.insert(1, 'c')); const a2 = made(d1, x => x.insert(3, 'd')); const c0 = made(d3, x => x.insert(1, 'e'))
  const x0 = made(d4, x => x.insert(0, 'x')); const x1 = made(d4, x => x.insert(1, 'y'))
  const all = doc(9); for (const u of [a0, b0, a1, a2, c0, x0, x1]) apply(all, u)
  for (const u of [a2, b0, c0, x1, x0, a0, a1]) await peer.apply(i, u)
  return want(i, text(all))
})
await test('what waits is in the state', async i => {
  const d = doc(1); const us = ['a', 'b', 'c', 'd'].map((s, k) => made(d, x => x.insert(k, s))); const gone = made(d, x => x.delete(3, 1))
  await peer.apply(i, us[0]); await peer.apply(i, us[2]); await peer.apply(i, us[3]); await peer.apply(i, gone)
  const e = doc(5); Y.applyUpdate(e, await peer.state(i)); if (text(e) !== 'a') return 'yjs reads ' + text(e)
  Y.applyUpdate(e, us[1]); return text(e) === 'abc' ? '' : 'yjs ends with ' + text(e)
})
await test('an older text is brought in without deleting what was typed since', async i => {
  const d = doc(1); await peer.apply(i, made(d, x => x.insert(0, 'one\ntwo\nthree\n'))); const then = await peer.state(i)
  await peer.apply(i, made(d, x => x.insert(4, 'new ')))
  const u = await peer.rebase(i, then, 'one\ntwo\n3\n'); await peer.apply(i, u)
  return want(i, 'one\nnew two\n3\n')
})
for (const [kind, f] of Object.entries({
  format: d => d.getText('content').format(0, 2, { bold: true }),
  embed: d => d.getText('content').insertEmbed(1, { image: 'x' }),
  map: d => d.getMap('m').set('a', 1),
  array: d => d.getArray('l').insert(0, [1, 'two']),
  'attribute of the text': d => d.getText('content').setAttribute('a', 1),
  'another text': d => d.getText('other').insert(0, 'x'),
  'nested text': d => d.getArray('l').insert(0, [new Y.Text('in')]),
  xml: d => d.getXmlFragment('x').insert(0, [new Y.XmlElement('p')]),
  subdocument: d => d.getMap('m').set('d', new Y.Doc()),
  binary: d => d.getArray('l').insert(0, [new Uint8Array(3)])
})) {
  await test('refused: ' + kind, async i => {
    const d = doc(1); await peer.apply(i, made(d, x => x.insert(0, 'abc')))
    const u = made(d, () => f(d))
    try { await peer.apply(i, u) } catch (e) { return e.panic ? e.message : /not plain text/.test(e.message) ? want(i, 'abc') : e.message }
    return 'taken'
  })
}
if (failed === 0) say('all as they should be')
process.exit(failed ? 1 : 0)

// A stock client, unmodified: types some lines, goes offline and comes back,
// and says what it has when it has seen the word "done" and its own last line
// has come through.
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import WebSocket from 'ws'

const [url, room, person] = process.argv.slice(2)
const doc = new Y.Doc()
const text = doc.getText('content')
const provider = new WebsocketProvider(url, room, doc, { WebSocketPolyfill: WebSocket, params: { person }, disableBc: true })
provider.messageHandlers[100] = provider.messageHandlers[101] = provider.messageHandlers[102] = () => {}
provider.awareness.setLocalStateField('user', { name: 'Somebody else' })
provider.on('connection-close', event => {
  if (event && event.code >= 4000) { console.error('closed', event.code, event.reason) }
})
const wait = ms => new Promise(resolve => setTimeout(resolve, ms))

await new Promise(resolve => provider.once('sync', resolve))
for (let i = 0; i < 20; i++) {
  text.insert(Math.floor(text.length / 2), `n${i} 😀 `)
  if (i % 3 === 0) { text.delete(0, 1) }
  await wait(5)
}
provider.disconnect()
text.insert(0, 'typed offline\n')
await wait(50)
provider.connect()
await new Promise(resolve => provider.once('sync', resolve))
text.insert(text.length, 'stock is done\n')
while (!text.toString().includes('go is done')) { await wait(10) }
await wait(300)
console.log(JSON.stringify({ text: text.toString(), names: [...provider.awareness.getStates().values()].map(s => s.user?.name) }))
provider.destroy()
process.exit(0)

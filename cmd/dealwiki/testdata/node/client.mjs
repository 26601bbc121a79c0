// Stock Yjs clients, driven by a test: each line of standard input is a command
// as JSON, each line of standard output the answer to one, in order.
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import * as decoding from 'lib0/decoding'
import WebSocket from 'ws'
import readline from 'node:readline'

const clients = new Map()

// counting is a WebSocket that counts the updates it sends, so that message 100
// can be compared with them.
class Counting extends WebSocket {
  updates = 0
  send (data, ...rest) {
    const b = new Uint8Array(data)
    if (b[0] === 0 && (b[1] === 1 || b[1] === 2)) this.updates++
    return super.send(data, ...rest)
  }
}

class Client {
  constructor () {
    this.doc = new Y.Doc()
    this.text = this.doc.getText('content')
    this.persisted = 0
    this.commits = []
    this.notices = []
    this.closes = []
  }

  open ({ server, room, params }) {
    this.provider = new WebsocketProvider(server, room, this.doc, { params, WebSocketPolyfill: Counting, disableBc: true, maxBackoffTime: 200 })
    this.provider.messageHandlers[100] = (_, decoder) => { this.persisted = decoding.readVarUint(decoder) }
    this.provider.messageHandlers[101] = (_, decoder) => { this.commits.push(JSON.parse(decoding.readVarString(decoder))) }
    this.provider.messageHandlers[102] = (_, decoder) => { this.notices.push(JSON.parse(decoding.readVarString(decoder))) }
    this.provider.on('connection-close', event => { if (event) this.closes.push(event.code) })
    this.provider.on('status', ({ status }) => {
      if (status !== 'connected') return
      this.persisted = 0
      this.provider.awareness.setLocalState(this.provider.awareness.getLocalState())
    })
    this.provider.awareness.setLocalState({ user: { name: 'Nobody in particular', color: '#123456' } })
  }

  state () {
    const ws = this.provider?.ws
    return {
      connected: !!this.provider?.wsconnected,
      synced: !!this.provider?.synced,
      text: this.text.toString(),
      safe: ws != null && this.provider.synced && ws.updates > 0 && ws.updates === this.persisted,
      persisted: this.persisted,
      commits: this.commits.length,
      notices: this.notices.map(n => n.code),
      closes: this.closes,
      names: this.provider ? [...this.provider.awareness.getStates()].map(([, s]) => s.user?.name ?? '').sort() : [],
      pending: this.doc.store.pendingStructs !== null
    }
  }

  // edit makes changes at random places: words of all planes, deletions that
  // keep surrogate pairs whole.
  edit ({ count, seed }) {
    const words = ['a', 'deal ', 'é', '漢字', '🙂', '👩‍👩‍👧', '\n', '\r\n', '| x |', '**b**', ' closing ']
    let s = seed >>> 0
    const random = n => { s = (Math.imul(s, 1664525) + 1013904223) >>> 0; return Math.floor(s / 4294967296 * n) }
    const whole = (text, i) => i > 0 && i < text.length && /[\udc00-\udfff]/.test(text[i]) && /[\ud800-\udbff]/.test(text[i - 1]) ? i - 1 : i
    for (let i = 0; i < count; i++) {
      const text = this.text.toString()
      const at = whole(text, random(text.length + 1))
      if (text.length > 2000 || (text.length > 0 && random(3) === 0)) {
        const end = whole(text, Math.min(text.length, at + 1 + random(text.length > 2000 ? 200 : 8)))
        if (end > at) this.text.delete(at, end - at)
      } else {
        this.text.insert(at, words[random(words.length)])
      }
    }
  }
}

const commands = {
  open: (c, o) => c.open(o),
  state: c => c.state(),
  edit: (c, o) => c.edit(o),
  insert: (c, { at, text }) => c.text.insert(at < 0 ? c.text.length : at, text),
  delete: (c, { at, length }) => c.text.delete(at, length),
  connect: c => c.provider.connect(),
  disconnect: c => c.provider.disconnect(),
  destroy: c => c.provider.destroy()
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { client, command, ...options } = JSON.parse(line)
  if (!clients.has(client)) clients.set(client, new Client())
  const answer = commands[command](clients.get(client), options)
  process.stdout.write(JSON.stringify(answer ?? null) + '\n')
}
process.exit(0)

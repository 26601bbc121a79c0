// @hocuspocus/server as it is meant to be used, without persistence.
import { Server } from '@hocuspocus/server'

const server = new Server({ address: '127.0.0.1', port: 0, quiet: true, stopOnSignals: false })
await server.listen()
console.log(`ready at 127.0.0.1:${server.address.port}`)

/**
 * Takes the address filter away from the quiche listener of this process, for one hostile address: whatever port its
 * datagrams come from, the listener is told its first one, and the engine the true one. It is done from outside, so that no
 * switch for it is in Levin.
 */
import { type RemoteInfo, Socket } from 'node:dgram'
import quiche from '@matrixai/quic/native/quiche.js'
import type { Connection } from '@matrixai/quic/native/types.js'
import { UNPINNED_HOST } from './means.js'

type OnDatagram = (datagram: Buffer, from: RemoteInfo) => void

let firstPort: number | undefined
let truePort = 0
let wantedPort: number | undefined

const { on } = Socket.prototype
Socket.prototype.on = function (this: Socket, event: string, listener: OnDatagram) {
  if (event !== 'message') return on.call(this, event as 'message', listener)
  return on.call(this, 'message', (datagram: Buffer, from: RemoteInfo) => {
    if (from.address !== UNPINNED_HOST) return listener(datagram, from)
    truePort = from.port
    firstPort ??= from.port
    listener(datagram, { ...from, port: firstPort })
  })
} as typeof on

// its types know no prototype
const { prototype } = quiche.Connection as unknown as { readonly prototype: Connection }
const native = { recv: prototype.recv, send: prototype.send }
prototype.recv = function (this: Connection, datagram, info) {
  const { host } = info.from
  return native.recv.call(
    this,
    datagram,
    host === UNPINNED_HOST ? { ...info, from: { host, port: truePort } } : info,
  )
}
prototype.send = function (this: Connection, packet) {
  const sent = native.send.call(this, packet)
  wantedPort = sent?.[1].to.port
  return sent
}

const { send } = Socket.prototype
type Send = (packet: Uint8Array, offset: number, length: number, port: number, host: string) => void
Socket.prototype.send = function (this: Socket, packet, offset, length, port, host) {
  const to = host === UNPINNED_HOST ? (wantedPort ?? port) : port
  ;(send as Send).call(this, packet, offset, length, to, host)
} as Send as typeof send

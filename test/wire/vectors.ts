import { readFileSync } from 'node:fs'

interface Captured {
  cert_der_hex: string
  fingerprint_b64: string
}

function read<T>(name: string): Captured & T {
  return JSON.parse(
    readFileSync(new URL(`../vectors/btlightning-0.2.15-${name}.json`, import.meta.url), 'utf8'),
  )
}

export const rustClient = read<{ frames: { hex: string }[] }>('rust-client')
export const pythonClient = read<{ frames: { hex: string }[] }>('python-client')
export const rustServer = read<{ exchanges: { name: string; request_hex: string; response_hex: string }[] }>(
  'rust-server',
)

export const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** Every captured frame, with a name for the test's title. */
export const requests = [
  ...rustClient.frames.map(({ hex }, i) => ({ name: `rust client ${i}`, bytes: Buffer.from(hex, 'hex') })),
  ...pythonClient.frames.map(({ hex }, i) => ({
    name: `python client ${i}`,
    bytes: Buffer.from(hex, 'hex'),
  })),
  ...rustServer.exchanges.map((x) => ({
    name: `to rust server: ${x.name}`,
    bytes: Buffer.from(x.request_hex, 'hex'),
  })),
]

export const answers = rustServer.exchanges.map((x) => ({
  name: x.name,
  bytes: Buffer.from(x.response_hex, 'hex'),
}))

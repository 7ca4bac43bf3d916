/**
 * Miners, validators and a signer's process at their most verbose, while handshakes and options go wrong; all that its
 * author can get hold of is inspected. Its parent looks for secrets in what is printed.
 */
import 'reflect-metadata'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import {
  allowlist,
  callbackSigner,
  consoleLogger,
  EncodedMap,
  Miner,
  mnemonicSigner,
  pinoLogger,
  secretSigner,
  seedSigner,
  socketSigner,
  synapse,
  Validator,
  walletSigner,
} from '../../dist/index.js'

const [folder] = process.argv.slice(2)
const path = join(folder, 'wallets')
const socket = join(folder, 'signer.sock')
const file = join(folder, 'password')
const wrong = join(folder, 'wrong')
const program = fileURLToPath(new URL('../../dist/signer/main.js', import.meta.url))
const ALL = { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity }

const show = (what, object) => console.log(`── ${what}\n${inspect(object, ALL)}\n${JSON.stringify(object)}`)

async function startSigner() {
  const wallet = ['--wallet.name', 'alice', '--wallet.hotkey', 'locked', '--wallet.path', path]
  const child = spawn(process.execPath, [program, '--socket', socket, ...wallet, '--password-file', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.on('data', (chunk) => process.stdout.write(chunk))
  await once(child.stdout, 'data')
  return child
}

async function stop(child) {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** What must fail, and how the error looks in each way in which it may be printed. */
async function fails(what, run) {
  const result = await Promise.resolve()
    .then(run)
    .catch((thrown) => thrown)
  if (!(result instanceof Error)) throw new Error(`${what} did not fail`)
  show(what, result)
  console.error(result)
  pinoLogger('debug').error(what, { error: result })
  consoleLogger('debug').error(what, { error: result })
}

let signerProcess = await startSigner()
process.on('exit', () => signerProcess.kill())
const Echo = synapse('echo', {})
const logger = pinoLogger('debug')
const walletOptions = { path, name: 'alice', hotkey: 'locked', password: { file }, logger }
const ofWallet = await walletSigner(walletOptions)
const ofSocket = await socketSigner(socket)
const ofValidator = await walletSigner({ path, name: 'alice', hotkey: 'validator', logger })
const ofVariable = await secretSigner({ env: 'OTHER_SECRET' }, logger)
const options = { signer: ofWallet, access: allowlist([ofValidator.hotkey]), logger }
const miner = new Miner(options).synapse(Echo, (data) => data)
const behind = new Miner({ ...options, signer: ofSocket, logger: consoleLogger('debug') }).synapse(
  Echo,
  (data) => data,
)
const validator = new Validator({ signer: ofValidator, logger })
const other = new Validator({ signer: ofVariable, logger: consoleLogger('debug') })
for (const each of [miner, behind]) each.on('handshake', (event) => show('handshake', event))
const axonOf = async (each) => {
  const { port } = await each.listen({ host: '127.0.0.1', port: 0 })
  return { hotkey: each.hotkey, host: '127.0.0.1', port }
}
const [axon, axonBehind] = [await axonOf(miner), await axonOf(behind)]

const connections = [await validator.connect(axon), await validator.connect(axonBehind)]
for (const connection of connections) show('answer', await connection.query(Echo, { n: 1 }))
const broken = new EncodedMap(new Uint8Array([0x81])) // a map of one entry, without it
for (const connection of connections) await fails('a malformed request', () => connection.query(Echo, broken))
await validator.query(axon, Echo, { n: 2 }) // its connection takes the place of the first
await fails('not admitted', () => other.connect(axon))
await fails('another hotkey', () => validator.connect({ ...axon, hotkey: ofVariable.hotkey }))
await fails('a transaction', () => ofSocket.sign(Buffer.from('not a handshake')))
await stop(signerProcess)
await fails('the signer is away', () => validator.connect(axonBehind))
signerProcess = await startSigner()
connections.push(await validator.connect(axonBehind))

const ofAlice = (change) => () => walletSigner({ ...walletOptions, ...change })
await fails('a wrong password', ofAlice({ password: { file: wrong } }))
await fails(
  'a wrong password from a function',
  ofAlice({ hotkey: 'polkadot', password: () => 'Another-wr0ng-one' }),
)
await fails('a password that is a text', ofAlice({ password: 'Another-wr0ng-one' }))
await fails('a broken file', ofAlice({ hotkey: 'broken' }))
await fails('a file with another address', ofAlice({ hotkey: 'mixed' }))
await fails('a bare mnemonic', ofAlice({ hotkey: 'bare' }))
await fails('a bad mnemonic', () => secretSigner({ env: 'BAD_MNEMONIC' }, logger))
await fails('a bad seed', () => secretSigner({ env: 'BAD_SEED' }, logger))
const { GIVEN_MNEMONIC, GIVEN_SEED } = process.env
await fails('a bad mnemonic, given', () => mnemonicSigner(`${GIVEN_MNEMONIC} walk`))
await fails('a bad seed, given', () => seedSigner(`${GIVEN_SEED}00`))
const failing = callbackSigner(ofWallet.hotkey, () => Promise.reject(new Error('HSM away')))
await fails('a callback', () => failing.sign(Buffer.from('text')))
await fails('a signer that is none', () => new Miner({ ...options, signer: { hotkey: ofWallet.hotkey } }))

const signers = { ofWallet, ofSocket, ofValidator, ofVariable, failing }
const given = [mnemonicSigner(GIVEN_MNEMONIC), seedSigner(GIVEN_SEED)]
for (const [what, object] of Object.entries({ signers, given, options, walletOptions, connections }))
  show(what, object)
for (const [what, object] of Object.entries({ miner, behind, validator, other })) {
  show(what, object)
  show(`${what}'s stats`, object.stats())
}

for (const each of [validator, other]) each.close()
await Promise.all([miner.close(), behind.close()])
await stop(signerProcess)
await walletSigner({ ...walletOptions, password: { file: wrong } }) // Node itself prints what ends it

/** Handlers for worker threads. JavaScript, and of the built package, since a thread knows no TypeScript. */
import 'reflect-metadata'
import { createHash } from 'node:crypto'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'
import { IsInt, IsString } from 'class-validator'
import { synapse } from '../../dist/contract/definition.js'
import { IsBytes } from '../../dist/decorators/is-bytes.js'
import { OnStart } from '../../dist/decorators/lifecycle.js'
import { Synapse } from '../../dist/decorators/synapse.js'
import { LevinError } from '../../dist/errors.js'

export class Payload {}
IsBytes({ max: 1_000_000 })(Payload.prototype, 'payload')
IsInt()(Payload.prototype, 'n')

export class Digest {}
IsString()(Digest.prototype, 'hex')
IsInt()(Digest.prototype, 'calls')

/** Name, options and what it does. */
const HANDLERS = {
  digest: [
    { request: Payload, response: Digest },
    function (request) {
      if (!(request instanceof Payload) || isMainThread) throw new Error('not bound, or not in a thread')
      const hex = createHash('sha256').update(request.payload).digest('hex')
      return Object.assign(new Digest(), { hex, calls: ++this.calls })
    },
  ],
  about: [{}, function () { return { starts: this.starts, thread: threadId } }],
  call: [
    {},
    (data, { id, caller, remote, door, synapse, deadline, plan, helper }) => {
      return { data, call: { id, caller, remote, door, synapse, deadline, plan, hasHelper: helper !== undefined } }
    },
  ],
  echo: [{}, (_data, call) => call.data],
  log: [
    {},
    (_data, { log }) => {
      log.info('an ordinary line', { n: 1 })
      log.warn('not to be copied', { run: () => {} })
      return {}
    },
  ],
  limit: [{}, async (_data, call) => { call.limitTo(5_000); call.log.info('limited'); await new Promise(() => {}) }],
  fail: [{}, () => { throw Object.assign(new TypeError('no such file'), { code: 'ENOENT' }) }],
  refuse: [{}, () => { throw new LevinError('REFUSED', 'not today') }],
  bad: [{ response: Digest }, () => ({ hex: 1, calls: 1 })],
  uncodable: [{}, () => ({ run: () => {} })],
  exit: [{}, () => process.exit(3)],
  waits: [
    {},
    async (_data, { signal, log }) => {
      log.info('begun')
      await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
      log.info('gave up', { why: signal.reason.message })
      return {}
    },
  ],
  spins: [
    {},
    (_data, call) => {
      call.log.info('begun')
      while (!call.signal.aborted);
      call.log.info('gave up')
      return {}
    },
  ],
  deaf: [{}, (_data, call) => { call.log.info('begun'); for (;;); }],
} // biome-ignore format: a table

export class Threaded {
  calls = 0
  starts = 0
}
class Hidden {}

for (const [name, [options, run]] of Object.entries(HANDLERS)) {
  Threaded.prototype[name] = run
  Synapse(synapse(name, options), { worker: import.meta.url })(Threaded.prototype, name)
}
Threaded.prototype.begin = async function () {
  // a thread has a copy of its own, made when it began
  if (process.env.LEVIN_TEST_STARTS === 'fail') {
    delete process.env.LEVIN_TEST_STARTS
    throw new Error('not yet')
  }
  if (process.env.LEVIN_TEST_STARTS === 'wait') {
    const starts = new BroadcastChannel('levin-test-starts')
    starts.postMessage('starting')
    await new Promise((resolve) => {
      starts.onmessage = resolve
    })
    starts.close()
  }
  this.starts++
}
OnStart()(Threaded.prototype, 'begin')

export class NeedsInterface {
  constructor(model) {
    this.model = model
  }
  answer() {}
}
Synapse(synapse('answer', {}), { worker: import.meta.url })(NeedsInterface.prototype, 'answer')

export const hidden = () => Hidden

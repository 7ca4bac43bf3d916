import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { all, allowlist, any, denylist, type MinerOptions, minStake, open } from '../../src/index.js'
import { inMemoryMetagraph } from '../../src/metagraph/in-memory.js'
import { turn } from '../support/frames.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'
import { handler, ServedMiner } from '../support/served-miner.js'

const { hotkey } = validatorSigner
const other = signerOf(3)
const cleanup = { by: 'peer', code: 0, reason: 'cleanup', application: true }

async function started(options: Partial<MinerOptions>) {
  const miner = new ServedMiner([handler(synapse('echo', {}), (data) => data)], options)
  await miner.service.start()
  return miner
}

describe('a validator that is here', () => {
  test('is closed when it loses its right, and only it', async () => {
    const access = allowlist([hotkey, other.hotkey])
    const miner = await started({ access })
    const [leaving, staying] = [await miner.authenticated(), await miner.authenticated(other)]
    access.set([other.hotkey])
    await turn()
    expect(leaving.closed).toMatchObject(cleanup)
    expect(staying.closed).toBeUndefined()
    expect(await miner.connect().handshake()).toMatchObject({ accepted: false })
  })

  test('is closed when its stake goes, as soon as the metagraph says so', async () => {
    const neuron = { hotkey, uid: 1, validatorPermit: true }
    const metagraph = inMemoryMetagraph([{ ...neuron, stake: 1000 }])
    const miner = await started({ access: all(minStake(1000, metagraph), denylist([])) })
    const peer = await miner.authenticated()
    metagraph.set([{ ...neuron, stake: 999.9 }])
    await turn()
    expect(peer.closed).toMatchObject(cleanup)
  })

  test('is looked at again each minute, since a function does not say when its answer changes', async () => {
    let admitted = true
    const miner = await started({ access: () => admitted })
    const peer = await miner.authenticated()
    admitted = false
    miner.clock.advance(59_999)
    await turn()
    expect(peer.closed).toBeUndefined()
    miner.clock.advance(1)
    await turn()
    expect(peer.closed).toMatchObject(cleanup)
  })

  test('stays when the policy fails at that, while nobody new comes in', async () => {
    let fails = false
    const miner = await started({
      access: async () => {
        if (fails) throw new Error('the database is away')
        return true
      },
    })
    const peer = await miner.authenticated()
    fails = true
    miner.clock.advance(60_000)
    await turn()
    expect(peer.closed).toBeUndefined()
    expect(miner.log.at('error').map(({ message }) => message)).toEqual([
      'the access policy failed, so a validator that is here stays',
    ])
    expect(await miner.connect().handshake({ signer: other })).toMatchObject({ accepted: false })
  })

  test('stays for two hours of that, and no longer; one good answer begins them anew', async () => {
    let fails = false
    const miner = await started({ access: () => (fails ? Promise.reject(new Error('away')) : true) })
    const peer = await miner.authenticated()
    fails = true
    const pass = async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        miner.clock.advance(60_000)
        await turn()
      }
    }
    await pass(100)
    fails = false
    await pass(1)
    fails = true
    await pass(1 + 119)
    expect(peer.closed).toBeUndefined()
    await pass(1)
    expect(peer.closed).toMatchObject(cleanup)
    expect(miner.log.at('info').map(({ fields }) => fields?.objection)).toContain(
      'the policy failed for 7200 s: away',
    )
  })
})

describe('another policy while it runs', () => {
  test('holds for who is here and for who comes', async () => {
    const miner = await started({ access: open() })
    const [one, two] = [await miner.authenticated(), await miner.authenticated(other)]
    await miner.service.access.replace(allowlist([other.hotkey]))
    await turn()
    expect(one.closed).toMatchObject(cleanup)
    expect(two.closed).toBeUndefined()
    expect(miner.service.access.name).toContain('allowlist')
    expect(await miner.connect().handshake()).toMatchObject({ accepted: false })
  })

  test('that cannot start leaves the old one', async () => {
    const miner = await started({ access: open() })
    const rule = {
      name: 'broken',
      objection: () => undefined,
      start: () => Promise.reject(new Error('no file')),
    }
    await expect(miner.service.access.replace(rule)).rejects.toThrow('no file')
    expect(miner.service.access.name).toBe('open()')
    expect(await miner.connect().handshake()).toMatchObject({ accepted: true })
  })

  test('starts, and the old one stops', async () => {
    const seen: string[] = []
    const rule = (name: string) => ({
      name,
      objection: () => undefined,
      start: () => void seen.push(`${name} starts`),
      stop: () => void seen.push(`${name} stops`),
    })
    const miner = await started({ access: rule('old') })
    await miner.service.access.replace(rule('new'))
    await miner.service.stop()
    expect(seen).toEqual(['old starts', 'new starts', 'old stops', 'new stops'])
    expect(miner.clock.pending).toBe(0)
  })
})

test('a handshake that the policy overtakes is asked again', async () => {
  const answers: ((admitted: undefined) => void)[] = []
  let look = () => {}
  const access = {
    name: 'slow',
    objection: () => new Promise<undefined>((resolve) => answers.push(resolve)),
    onChange: (run: () => void) => {
      look = run
      return () => {}
    },
  }
  const miner = await started({ access })
  const response = miner.connect().handshake()
  await turn()
  look()
  answers[0]!(undefined)
  await turn()
  expect(answers).toHaveLength(2)
  answers[1]!(undefined)
  expect(await response).toMatchObject({ accepted: true })
})

test('a policy that changes all the time admits nobody, and is not asked for ever', async () => {
  let asked = 0
  let look = () => {}
  const access = {
    name: 'restless',
    objection: async () => {
      asked++
      look()
      return undefined
    },
    onChange: (run: () => void) => {
      look = run
      return () => {}
    },
  }
  const miner = await started({ access })
  expect(await miner.connect().handshake()).toMatchObject({ accepted: false })
  expect(asked).toBe(3)
})

/** A rule whose start waits until it is let go, and that notes its starts and stops. */
function slowRule(name: string, seen: string[]) {
  let go!: () => void
  const started = new Promise<void>((resolve) => (go = resolve))
  return {
    name,
    objection: () => undefined,
    start: async () => {
      seen.push(`${name} starts`)
      await started
    },
    stop: () => void seen.push(`${name} stops`),
    go: () => go(),
  }
}

describe('replacing while something else is under way', () => {
  test('the policy that was given last holds, and each other one is stopped', async () => {
    const seen: string[] = []
    const [one, two] = [slowRule('one', seen), slowRule('two', seen)]
    const miner = await started({ access: open() })
    const both = [miner.service.access.replace(one), miner.service.access.replace(two)]
    two.go()
    await turn()
    one.go()
    await Promise.all(both)
    expect(miner.service.access.name).toBe('two')
    expect(seen).toEqual(['one starts', 'two starts', 'one stops'])
  })

  test('one that never starts does not hold up the next', async () => {
    const miner = await started({ access: open() })
    void miner.service.access.replace(slowRule('stuck', []))
    await miner.service.access.replace(allowlist([]))
    expect(miner.service.access.name).toBe('allowlist(0 hotkeys)')
  })

  test('one that starts while the miner stops is stopped too, and the stop does not wait for it', async () => {
    const seen: string[] = []
    const late = slowRule('late', seen)
    const miner = await started({ access: open() })
    const replaced = miner.service.access.replace(late)
    await turn()
    await miner.service.stop()
    late.go()
    await replaced
    expect(seen).toEqual(['late starts', 'late stops'])
    expect(miner.clock.pending).toBe(0)
  })

  test('the same rule once more goes on running', async () => {
    const seen: string[] = []
    const rule = slowRule('same', seen)
    rule.go()
    const miner = await started({ access: rule })
    await miner.service.access.replace(rule)
    expect(seen).toEqual(['same starts'])
  })

  test('an old one that does not stop is a line in the log: the new one holds', async () => {
    const broken = {
      name: 'broken',
      objection: () => undefined,
      stop: () => Promise.reject(new Error('busy')),
    }
    const miner = await started({ access: broken })
    await miner.service.access.replace(open())
    expect(miner.service.access.name).toBe('open()')
    expect(miner.log.at('error')).toMatchObject([{ fields: { policy: 'broken' } }])
  })

  test('what the old one still says about who is here does not count any more', async () => {
    let refuse!: (why: string) => void
    let isHere = false
    const old = {
      name: 'old',
      objection: () => (isHere ? new Promise<string>((resolve) => (refuse = resolve)) : undefined),
    }
    const miner = await started({ access: old })
    const peer = await miner.authenticated()
    isHere = true
    miner.clock.advance(60_000)
    await miner.service.access.replace(open())
    refuse('not any more')
    await turn()
    expect(peer.closed).toBeUndefined()
  })
})

test('a validator that loses its right while the signer signs does not stay', async () => {
  const access = allowlist([hotkey])
  let sign!: () => void
  const held = new Promise<void>((resolve) => (sign = resolve))
  const signer = {
    ...minerSigner,
    sign: async (message: Uint8Array) => {
      await held
      return minerSigner.sign(message)
    },
  }
  const miner = await started({ access, signer })
  const peer = miner.connect()
  void peer.handshake()
  await turn()
  access.set([])
  sign()
  await turn()
  expect(peer.closed).toMatchObject(cleanup)
})

describe('a policy that does not answer', () => {
  const hang = () => new Promise<never>(() => {})

  test('admits nobody, and is given up when a handshake would be', async () => {
    const miner = await started({ access: hang })
    const peer = miner.connect()
    const response = peer.handshake()
    await turn()
    miner.clock.advance(10_000)
    await turn()
    expect(miner.handshakes).toMatchObject([
      { accepted: false, reason: 'not admitted: the policy failed: it did not answer within 10000 ms' },
    ])
    response.catch(() => {}) // its stream is given up by then
  })

  test('is asked again at the next review, so that a right that was lost meanwhile is noticed', async () => {
    let answer: (() => boolean | Promise<boolean>) | undefined
    const miner = await started({ access: () => answer?.() ?? true })
    const peer = await miner.authenticated()
    answer = hang
    miner.clock.advance(60_000)
    await turn()
    answer = () => false
    miner.clock.advance(10_000)
    await turn()
    expect(peer.closed).toBeUndefined()
    miner.clock.advance(50_000)
    await turn()
    expect(peer.closed).toMatchObject(cleanup)
  })

  test('holds up who gives it to a running miner, and the old one, no longer than that', async () => {
    const seen: string[] = []
    const old = { name: 'old', objection: () => undefined, stop: () => void seen.push('old stops') }
    const miner = await started({ access: old })
    const peer = await miner.authenticated()
    const replaced = miner.service.access.replace(hang)
    await turn()
    miner.clock.advance(10_000)
    await replaced
    expect(seen).toEqual(['old stops'])
    expect(peer.closed).toBeUndefined()
  })
})

test('a policy that fails fills no log, however often strangers try', async () => {
  const access = () => Promise.reject(new Error('the database is away'))
  const miner = await started({ access, handshakesPerMinute: 1000 })
  for (let n = 0; n < 500; n++) await miner.connect().handshake()
  expect(miner.log.at('error').map(({ message }) => message)).toEqual([
    'the access policy failed, so nobody is admitted',
  ])
  miner.clock.advance(60_000)
  expect(miner.log.at('error')[1]?.message).toContain('499 more within a minute')
})

test('who was off a list and is on it again before anybody looked stays', async () => {
  const access = allowlist([hotkey])
  const miner = await started({ access })
  const peer = await miner.authenticated()
  access.set([])
  access.set([hotkey])
  await turn()
  expect(peer.closed).toBeUndefined()
})

describe('a combination of which a part fails', () => {
  test('any: closes nobody who is here, and admits nobody', async () => {
    let fails = false
    const mine = () => (fails ? Promise.reject(new Error('away')) : true)
    const miner = await started({ access: any(allowlist([]), mine) })
    const peer = await miner.authenticated()
    fails = true
    miner.clock.advance(60_000)
    await turn()
    expect(peer.closed).toBeUndefined()
    expect(await miner.connect().handshake({ signer: other })).toMatchObject({ accepted: false })
  })

  test('all: another part that objects is still heard', async () => {
    let fails = false
    const mine = () => (fails ? Promise.reject(new Error('away')) : true)
    const banned = denylist([])
    const miner = await started({ access: all(mine, banned) })
    const [one, two] = [await miner.authenticated(), await miner.authenticated(other)]
    fails = true
    banned.set([hotkey])
    await turn()
    expect(one.closed).toMatchObject(cleanup)
    expect(two.closed).toBeUndefined()
  })
})

describe('a rule in two policies', () => {
  function counted() {
    const seen: string[] = []
    const rule = {
      name: 'mine',
      objection: () => (seen.at(-1) === 'starts' ? undefined : 'it does not run'),
      start: () => void seen.push('starts'),
      stop: () => void seen.push('stops'),
    }
    return { seen, rule }
  }

  test('goes on when one takes the place of the other', async () => {
    const { seen, rule } = counted()
    const miner = await started({ access: all(rule, denylist([])) })
    await miner.service.access.replace(any(rule, all(rule, open())))
    expect(await miner.connect().handshake()).toMatchObject({ accepted: true })
    await miner.service.access.replace(rule)
    expect(seen).toEqual(['starts'])
    await miner.service.access.replace(open())
    expect(seen).toEqual(['starts', 'stops'])
  })

  test('also when it is given twice at once', async () => {
    const { seen, rule } = counted()
    const miner = await started({ access: open() })
    await Promise.all([miner.service.access.replace(rule), miner.service.access.replace(rule)])
    expect(seen).toEqual(['starts'])
    await miner.service.stop()
    expect(seen).toEqual(['starts', 'stops'])
  })
})

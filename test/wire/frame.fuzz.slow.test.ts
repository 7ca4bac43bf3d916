import { expect, test } from 'vitest'
import { FrameDecoder } from '../../src/wire/frame.js'
import { seed, seeded } from './seeded.js'

test('100,000 hostile streams: frames or a LevinError, nothing else', () => {
  const random = seeded(seed)
  console.info(`LEVIN_SEED=${seed}`)
  for (let i = 0; i < 100_000; i++) {
    const bytes = random.bytes(random.int(60))
    if (bytes.length > 4 && i % 4 > 0) {
      bytes[0] = 1 + random.int(6)
      bytes.fill(0, 1, 4)
      bytes[4] = random.int(40)
    }
    const decoder = new FrameDecoder({ onFrame: () => {} })
    const cut = random.int(bytes.length + 1)
    try {
      decoder.push(bytes.subarray(0, cut))
      decoder.push(bytes.subarray(cut))
      decoder.end()
    } catch (error) {
      expect(error, bytes.toString('hex')).toMatchObject({ name: 'LevinError', code: 'PROTOCOL' })
    }
  }
})

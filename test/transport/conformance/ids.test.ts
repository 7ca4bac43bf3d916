/**
 * Streams whose ids pass 2^32. Only the in-memory link can start there, so that it shows that nothing above the seam
 * cuts them off; for the engines, `quinn/stream-table.test.ts` tries what looks streams up by their ids.
 */
import { expect, test } from 'vitest'
import { MemoryLink } from '../../../src/testing/memory/link.js'
import { meetInMemory, onAllPairs, Received } from './pairs.js'

onAllPairs('ids of streams', ({ meet }) => {
  test('are the same at both ends, and go up by four', async () => {
    const ids: number[] = []
    const { open } = await meet({
      onStream: (stream) => {
        ids.push(stream.id)
        stream.events = { onBytes: () => {}, onEnd: () => stream.end(), onReset: () => {} }
      },
    })
    for (let i = 0; i < 200; i++) {
      const answer = new Received()
      const stream = await open(answer)
      expect(stream.id).toBe(i * 4)
      stream.end(Buffer.from('?'))
      await answer.whole
    }
    expect(ids).toEqual(Array.from({ length: 200 }, (_, i) => i * 4))
  })
})

test('ids of 2^32 and above are kept whole', async () => {
  const meeting = await meetInMemory()
  if (!(meeting.client instanceof MemoryLink)) throw new Error('not in memory')
  meeting.client.nextId = 2 ** 32 - 4
  for (const id of [2 ** 32 - 4, 2 ** 32, 2 ** 32 + 4]) {
    const answer = new Received()
    const stream = await meeting.open(answer)
    expect(stream.id).toBe(id)
    stream.end(Buffer.from(`${id}`))
    expect((await answer.whole).toString()).toBe(`${id}`)
  }
  meeting.client.close(0, 'done')
})

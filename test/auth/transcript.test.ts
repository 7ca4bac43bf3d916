import { expect, test } from 'vitest'
import { requestTranscript, responseTranscript } from '../../src/auth/transcript.js'

test('the two texts', () => {
  const transcript = { validatorHotkey: '5V', timestamp: 1795252073, nonce: '0aF', fingerprint: 'a+/=' }
  expect(Buffer.from(requestTranscript(transcript)).toString()).toBe('handshake:5V:1795252073:0aF:a+/=')
  expect(Buffer.from(responseTranscript('5M', transcript)).toString()).toBe(
    'handshake_response:5V:5M:1795252073:0aF:a+/=',
  )
})

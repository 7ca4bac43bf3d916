/** The ways in which a fake node is broken on purpose. */

/**
 * | kind             | what a client meets                                                                      |
 * | ---------------- | ---------------------------------------------------------------------------------------- |
 * | `stall`          | requests are taken and never answered; pings are                                          |
 * | `drop`           | the connection ends without a word, now and with each request                             |
 * | `half-open`      | the connection is open and nothing ever comes back, not even a pong                       |
 * | `not-json`       | text that is no JSON, bytes that are no text, in turn                                     |
 * | `null`           | the message `null`                                                                        |
 * | `wrong-shapes`   | answers without what they should have, or with another kind of it, in turn                |
 * | `huge`           | an answer of 20 MiB                                                                       |
 * | `wrong-genesis`  | another chain's genesis hash                                                              |
 * | `mixed-blocks`   | `get_neurons_lite` as it was before the state last changed, `get_subnet_state` as asked   |
 * | `unknown-hashes` | heads and blocks by hashes that are not theirs, and that the node does not know afterwards |
 * | `too-many-bytes` | `state_call` answers with a byte too many                                                 |
 * | `too-few-bytes`  | `state_call` answers with a byte too few                                                  |
 */
export type Misbehaviour = (typeof MISBEHAVIOURS)[number]

export const MISBEHAVIOURS = [
  'stall',
  'drop',
  'half-open',
  'not-json',
  'null',
  'wrong-shapes',
  'huge',
  'wrong-genesis',
  'mixed-blocks',
  'unknown-hashes',
  'too-many-bytes',
  'too-few-bytes',
] as const

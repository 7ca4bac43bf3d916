import type { Engine } from '../engine.js'
import { QuicheDialler } from './dialler.js'
import { QuicheListener } from './listener.js'

/** quiche 0.18 in `@matrixai/quic`, under our own driver: needs nothing but npm. Its limits are in docs/engine.md. */
export const quicheEngine: Engine = {
  name: 'quiche',
  listen: (options) => QuicheListener.listen(options),
  dialler: (options, clock) => new QuicheDialler(options, clock),
}

/** Every trial, in the order of the table: to add one is one line. */
import { besideHostile } from './beside-hostile.js'
import { costly } from './costly.js'
import { holes, optimistic, rubbish, secondPort } from './encrypted.js'
import { ended } from './ended.js'
import { floods, mutated, spoofed } from './floods.js'
import { httpDoors } from './http-doors.js'
import type { Trial } from './means.js'
import { neighbours } from './neighbours.js'
import { gaps, halfOpen, shortInitials } from './newcomers.js'
import { soak } from './soak.js'
import { slow, values } from './values.js'

export const TRIALS: readonly Trial[] = [
  spoofed,
  halfOpen,
  ...floods,
  ...gaps,
  shortInitials,
  ...holes,
  ...optimistic,
  ...secondPort,
  ended,
  mutated,
  rubbish,
  ...values,
  ...slow,
  ...httpDoors,
  soak,
  ...costly,
  ...neighbours,
  besideHostile,
]

/**
 * Bad networks before the first miners of a file, each in its own: `networks.js FILE COUNT WEATHER SEED`. Writes all axons
 * with the way through them into FILE.networked, and says `listening` and the first port.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Axon } from 'levin'
import { badNetwork } from '../faults/network.js'
import { randomOf, type Weather } from '../faults/weather.js'

const [file, count, weather, seed] = process.argv.slice(2)
const random = randomOf(Number(seed))
const axons = JSON.parse(readFileSync(file!, 'utf8')) as Axon[]
for (const [i, axon] of axons.slice(0, Number(count)).entries()) {
  const { port } = await badNetwork(axon.port, JSON.parse(weather!) as Weather, random)
  axons[i] = { ...axon, port }
}
writeFileSync(`${file}.networked`, JSON.stringify(axons))
console.log(`listening ${axons[0]!.port}`)

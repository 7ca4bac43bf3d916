/**
 * A bad network between a validator and a miner, in a process of its own so that nobody else's work delays it. Started
 * with the miner's port, the weather as JSON, and a seed; prints `listening PORT`. At a SIGUSR2 it sends from other
 * ports from then on.
 */
import { badNetwork } from './network.js'
import { randomOf, type Weather } from './weather.js'

const [target, weather, seed] = process.argv.slice(2)
const { port, move } = await badNetwork(
  Number(target),
  JSON.parse(weather!) as Weather,
  randomOf(Number(seed)),
)
process.on('SIGUSR2', move)
console.log(`listening ${port}`)

/** A handler whose decorator is called as stage 3 of the proposal has it. */
import 'reflect-metadata'
import { Synapse } from 'levin'

class Echo {
  @Synapse('Echo')
  echo(query: object): object {
    return query
  }
}
console.log(Echo.name)

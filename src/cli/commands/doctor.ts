import { systemClock } from '../../clock.js'
import { axonOptions, type ConfigOptions, chainOptions, walletOptions } from '../../config/options.js'
import { subnetFrom } from '../../config/parts.js'
import { checkEngine as engineChoice, loadEngine } from '../../transport/load-engine.js'
import { defineCommand } from '../command.js'
import { checkTheChain } from '../doctor/chain.js'
import type { Finding, State } from '../doctor/finding.js'
import { checkBuffers, checkEngine, checkNode } from '../doctor/machine.js'
import { checkPort } from '../doctor/port.js'
import { checkCompiler, checkCopies } from '../doctor/project.js'
import { checkWallet } from '../doctor/wallet.js'
import { Exit } from '../exit-codes.js'
import type { Output } from '../output.js'

const options = { ...walletOptions, ...axonOptions, ...chainOptions } as const satisfies ConfigOptions

export const command = defineCommand({
  usage: 'doctor [OPTIONS]',
  about: `Looks for what keeps a miner from being asked: each line is what was found, and below it what to do.
Give it the miner's own options, in its folder. It signs a handshake with its own hotkey, and changes nothing.`,
  options,
  file: 'miner.json',
  positionals: { least: 0, most: 0 },
  async run(values, _, output) {
    const all: Finding[] = []
    const tell = (...findings: Finding[]): void => {
      all.push(...findings)
      for (const finding of findings) show(finding, output)
    }
    const folder = process.cwd()
    tell(checkNode(process.versions.node))
    tell(await checkEngine(engineChoice('doctor', undefined), loadEngine))
    tell(...(await checkCopies(folder)), await checkCompiler(folder))
    tell(await checkBuffers())
    const { findings, signer } = await checkWallet(values)
    tell(...findings)
    const { finding, isRunning } = await checkPort(values['axon.ip'], values['axon.port'], signer)
    tell(finding)
    const where = {
      externalIp: values['axon.external_ip'],
      port: values['axon.external_port'] ?? values['axon.port'],
      isRunning,
    }
    tell(...(await checkTheChain(subnetFrom(values), signer, systemClock, where)))
    output.json({ findings: all })
    const count = all.filter(({ state }) => state === 'ill').length
    output.say(count === 0 ? '\nnothing is in the way' : `\n${count} to mend`)
    return count === 0 ? Exit.done : Exit.notWell
  },
})

const MARKS: Readonly<Record<State, string>> = { well: 'ok', odd: 'odd', ill: 'ILL', skipped: '-' }
const NAME_WIDTH = 17

function show({ check, state, found, cure }: Finding, output: Output): void {
  output.say(`${MARKS[state].padEnd(4)} ${check.padEnd(NAME_WIDTH)} ${found}`)
  if (cure !== undefined) output.say(`     ${' '.repeat(NAME_WIDTH)} → ${cure}`)
}

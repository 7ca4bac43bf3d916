import { systemClock } from '../../clock.js'
import { axonOptions, type ConfigOptions, chainOptions, walletOptions } from '../../config/options.js'
import { subnetFrom } from '../../config/parts.js'
import { checkEngine as engineChoice, loadEngine } from '../../transport/load-engine.js'
import { defineCommand } from '../command.js'
import { checkTheChain } from '../doctor/chain.js'
import type { Finding } from '../doctor/finding.js'
import { checkBuffers, checkEngine, checkNode } from '../doctor/machine.js'
import { checkPort } from '../doctor/port.js'
import { checkCompiler, checkCopies } from '../doctor/project.js'
import { checkWallet } from '../doctor/wallet.js'
import { conclude, show } from '../tell.js'

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
    const told = (...findings: Finding[]): void => {
      all.push(...findings)
      for (const finding of findings) show(finding, output)
    }
    const folder = process.cwd()
    told(checkNode(process.versions.node))
    told(await checkEngine(engineChoice('doctor', undefined), loadEngine))
    told(...(await checkCopies(folder)), await checkCompiler(folder))
    told(await checkBuffers())
    const { findings, signer } = await checkWallet(values)
    told(...findings)
    const { finding, isRunning } = await checkPort(values['axon.ip'], values['axon.port'], signer)
    told(finding)
    const where = {
      externalIp: values['axon.external_ip'],
      port: values['axon.external_port'] ?? values['axon.port'],
      isRunning,
    }
    told(...(await checkTheChain(subnetFrom(values), signer, systemClock, where)))
    return conclude(all, output)
  },
})

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ConfigOptions } from '../../config/options.js'
import type { SynapseDefinition } from '../../contract/definition.js'
import { type JsonSchema, jsonSchemaOf } from '../../contract/json-schema.js'
import { handlersOf } from '../../decorators/metadata.js'
import { LevinError } from '../../errors.js'
import { defineCommand } from '../command.js'
import { Exit } from '../exit-codes.js'

const options = {} as const satisfies ConfigOptions

interface Shown {
  readonly name: string
  /** The method, of a class with handlers. */
  readonly answeredBy?: string
  readonly request?: JsonSchema
  readonly response?: JsonSchema
  /** `bytes`, or the class of a chunk. */
  readonly stream?: JsonSchema | 'bytes'
}

export const command = defineCommand({
  usage: 'inspect MODULE [OPTIONS]',
  about: `Which synapses a compiled module declares or answers, with their classes as JSON Schema: it imports MODULE,
and looks at what that exports: definitions made by synapse(), and classes with @Synapse methods.`,
  options,
  positionals: { least: 1, most: 1 },
  async run(_, [path], output) {
    const shown = synapsesIn(await imported(path!))
    if (shown.length === 0) {
      throw new LevinError(
        'CONFIG',
        `${path} exports no synapse: neither what synapse() made, nor a class with @Synapse methods`,
      )
    }
    output.json({ synapses: shown })
    for (const { name, answeredBy, ...classes } of shown) {
      output.say(`${name}${answeredBy === undefined ? '' : `  answered by ${answeredBy}`}`)
      for (const [use, schema] of Object.entries(classes)) output.say(`  ${use}  ${JSON.stringify(schema)}`)
    }
    return Exit.done
  },
})

async function imported(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (path.endsWith('.ts'))
    throw new LevinError('CONFIG', `${path} is TypeScript: compile it, and name the .js file`)
  try {
    return await import(pathToFileURL(resolve(path)).href)
  } catch (error) {
    throw new LevinError('CONFIG', `${path} cannot be imported: ${LevinError.from(error).message}`, {
      cause: error,
    })
  }
}

function synapsesIn(module: Readonly<Record<string, unknown>>): Shown[] {
  return Object.values(module).flatMap((value): Shown[] => {
    if (isDefinition(value)) return [shownOf(value)]
    if (typeof value !== 'function' || value.prototype === undefined) return []
    const type = value as new () => object
    return handlersOf(type).map(({ definition, method }) =>
      shownOf(definition, `${type.name}.${String(method)}`),
    )
  })
}

/** Another copy of Levin may have made it. */
const isDefinition = (value: unknown): value is SynapseDefinition =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).sort().join() === 'name,options' &&
  typeof (value as SynapseDefinition).name === 'string'

function shownOf(
  { name, options: { request, response, stream } }: SynapseDefinition,
  answeredBy?: string,
): Shown {
  return {
    name,
    ...(answeredBy !== undefined && { answeredBy }),
    ...(request !== undefined && { request: jsonSchemaOf(request) }),
    ...(response !== undefined && { response: jsonSchemaOf(response) }),
    ...(stream !== undefined && { stream: stream === true ? ('bytes' as const) : jsonSchemaOf(stream) }),
  }
}

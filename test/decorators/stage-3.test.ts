/** Decorators as TypeScript calls them when `experimentalDecorators` is off. */
import 'reflect-metadata'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { OnStart, OnStop, Synapse } from '../../src/index.js'

test.each([
  ['@Synapse', '@decorators.Synapse("Echo")'],
  ['@OnStart', '@decorators.OnStart()'],
  ['@OnStop', '@decorators.OnStop()'],
])('%s says which options the compiler needs', (name, decorator) => {
  const source = `class Echo { ${decorator} echo() {} }`
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, experimentalDecorators: false },
  })
  const declare = new Function('decorators', outputText)
  expect(() => declare({ OnStart, OnStop, Synapse })).toThrow(
    expect.objectContaining({
      code: 'CONFIG',
      message: expect.stringMatching(`^${name}: .*"experimentalDecorators": true .*miner\\.synapse\\(\\)`),
    }),
  )
})

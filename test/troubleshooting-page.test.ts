/** docs/troubleshooting.md has each code, each reason and each text that the source has. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { CloseReason, ErrorText } from '../src/wire/protocol-texts.js'

const page = readFileSync('docs/troubleshooting.md', 'utf8')

/** The texts of a union type, as its file declares it. */
function textsOf(file: string, type: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const texts: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) texts.push(node.literal.text)
    node.forEachChild(visit)
  }
  source.forEachChild((node) => {
    if (ts.isTypeAliasDeclaration(node) && node.name.text === type) visit(node)
  })
  return texts
}

/** What stands in the first column of the tables of a part of the page. */
const rowsOf = (heading: string): string[] => {
  const part = page.split(/^## /m).find((text) => text.startsWith(heading))!
  return [...part.matchAll(/^\| `([^`]+)`/gm)]
    .map(([, text]) => text!)
    .filter((text) => text !== 'reason' && text !== 'peerMessage')
}

const sorted = (texts: readonly string[]): string[] => [...texts].sort()

test('each error code has a heading', () => {
  const headings = [...page.matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code!)
  const codes = textsOf('src/errors.ts', 'LevinErrorCode')
  expect(codes.length).toBeGreaterThan(10)
  expect(sorted(headings)).toEqual(sorted(codes))
})

test('each text that a miner answers has a row', () => {
  expect(sorted(rowsOf('What a peer says'))).toEqual(sorted(Object.values(ErrorText)))
})

test('each reason of a refused handshake has a row', () => {
  const reasons = [
    ...textsOf('src/server/admission.ts', 'Refusal'),
    ...textsOf('src/auth/handshake.ts', 'HandshakeRefusal'),
  ]
  expect(reasons.length).toBeGreaterThan(15)
  expect(sorted(rowsOf('Why a handshake was refused'))).toEqual(sorted(reasons))
})

test('each word with which a connection ends has a row', () => {
  expect(sorted(rowsOf('Why a connection ended'))).toEqual(sorted(Object.values(CloseReason)))
})

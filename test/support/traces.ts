/** How long a piece of a secret has to be to give it away, and not to be there by chance. */
const PIECE = 8

type Secrets = Readonly<Record<string, Uint8Array | string>>

/**
 * The secrets of which any eight bytes in a row are in a text: as they are, in hex, in base64, or as a list of numbers, with
 * whatever a printer puts in between.
 */
export function tracesIn(text: string, secrets: Secrets): string[] {
  const plain = text.replace(/[\s,'"]|\b0x/g, '')
  const [lower, base64] = [plain.toLowerCase(), plain.replaceAll('-', '+').replaceAll('_', '/')]
  const isIn = (piece: Buffer, isText: boolean): boolean =>
    (isText && lower.includes(piece.toString().toLowerCase())) ||
    lower.includes(piece.toString('hex')) ||
    lower.includes([...piece].join('')) ||
    base64.includes(wholeBase64(piece))
  return Object.keys(secrets).filter((name) => {
    const secret = secrets[name]!
    const isText = typeof secret === 'string'
    const bytes = Buffer.from(isText ? secret.replace(/\s/g, '') : secret)
    const spaced = isText ? Buffer.from(secret) : bytes // in another encoding the spaces are there
    return [bytes, spaced].some((each) => piecesOf(each).some((piece) => isIn(piece, isText)))
  })
}

function piecesOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: Math.max(1, bytes.length - PIECE) }, (_, at) =>
    bytes.subarray(at, at + PIECE + 1),
  )
}

/** Nine bytes are twelve characters, with none that depends on what comes next. */
const wholeBase64 = (piece: Buffer): string => piece.subarray(0, 9).toString('base64').replace(/=+$/, '')

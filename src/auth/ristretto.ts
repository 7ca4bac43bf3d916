/** The field of curve25519, the curve's constant d and a square root of -1 (RFC 9496, section 4.1). */
const P = 2n ** 255n - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
const SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n

/**
 * Whether 32 bytes are the canonical encoding of a ristretto255 point other than the identity: what a peer's
 * sr25519 public key must be before it may reach the WebAssembly module (see sr25519.ts).
 *
 * RFC 9496, section 4.3.1, without the parts that only compute the point. Not in constant time: keys are public.
 */
export function isRistrettoPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false
  const s = littleEndian(bytes)
  if (s === 0n || s >= P || (s & 1n) === 1n) return false
  const ss = (s * s) % P
  const u1 = mod(1n - ss)
  const u2 = 1n + ss
  const u2Squared = (u2 * u2) % P
  const v = mod(-D * ((u1 * u1) % P) - u2Squared)
  const inverse = inverseSquareRoot((v * u2Squared) % P)
  if (inverse === undefined) return false
  const denX = (inverse * u2) % P
  const denY = (((inverse * denX) % P) * v) % P
  let x = (2n * s * denX) % P
  if ((x & 1n) === 1n) x = P - x
  const y = (u1 * denY) % P
  return y !== 0n && (((x * y) % P) & 1n) === 0n
}

/** The number that bytes in curve25519's order stand for. */
export function littleEndian(bytes: Uint8Array): bigint {
  let hex = '0x'
  for (let i = bytes.length - 1; i >= 0; i--) hex += bytes[i]!.toString(16).padStart(2, '0')
  return BigInt(hex)
}

/** 1/sqrt(v), up to its sign; undefined when v has no square root (RFC 9496, section 4.2, with u = 1). */
function inverseSquareRoot(v: bigint): bigint | undefined {
  const v3 = (((v * v) % P) * v) % P
  const v7 = (((v3 * v3) % P) * v) % P
  const root = (v3 * powP58(v7)) % P
  const check = (((root * root) % P) * v) % P
  if (check === 1n) return root
  if (check === P - 1n) return (root * SQRT_M1) % P
  return undefined
}

/** x^((p-5)/8), whose exponent is 2^252 - 3: `ones(n)` below is x to the power of n one-bits. */
function powP58(x: bigint): bigint {
  const ones2 = (squared(x, 1) * x) % P
  const ones4 = (squared(ones2, 2) * ones2) % P
  const ones5 = (squared(ones4, 1) * x) % P
  const ones10 = (squared(ones5, 5) * ones5) % P
  const ones20 = (squared(ones10, 10) * ones10) % P
  const ones40 = (squared(ones20, 20) * ones20) % P
  const ones80 = (squared(ones40, 40) * ones40) % P
  const ones160 = (squared(ones80, 80) * ones80) % P
  const ones240 = (squared(ones160, 80) * ones80) % P
  const ones250 = (squared(ones240, 10) * ones10) % P
  return (squared(ones250, 2) * x) % P
}

function squared(x: bigint, times: number): bigint {
  let result = x
  for (let i = 0; i < times; i++) result = (result * result) % P
  return result
}

function mod(x: bigint): bigint {
  const rest = x % P
  return rest < 0n ? rest + P : rest
}

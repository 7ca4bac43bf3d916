/** Pure. What somebody may have meant. */

/** Letters that may be wrong, and no more than one in four of them. */
const MOST_WRONG = 2

/** The known name that is closest to a wrong one; undefined when none is close. */
export function nearest(wrong: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.min(MOST_WRONG, Math.floor(wrong.length / 4) + 1) + 1
  for (const name of known) {
    const distance = distanceOf(plain(wrong), plain(name))
    if (distance >= fewest) continue
    fewest = distance
    best = name
  }
  return best
}

/** `wallet_name`, `wallet-name` and `Wallet.Name` are one name to whoever remembers it. */
const plain = (name: string): string => name.toLowerCase().replace(/[_.]/g, '-')

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) least = Math.min(least, beforeLast[j - 2]! + 1)
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}

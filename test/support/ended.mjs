/** `ended.mjs CODE` ends with that code; with the name of a signal it waits for its own end. */
const how = process.argv[2]
if (how.startsWith('SIG')) {
  console.log('waiting')
  setTimeout(() => {}, 60_000)
} else {
  console.log(`ended with ${how}`)
  process.exitCode = Number(how)
}

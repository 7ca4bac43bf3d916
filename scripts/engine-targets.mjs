/**
 * What the engine is released for. `platform` is napi-rs' name; `os`, `cpu` and `libc` are what npm chooses by.
 * Windows is not among them: see `engine/platform.js`.
 */
export const TARGETS = [
  linux('x64', 'glibc', 'x86_64-unknown-linux-gnu'),
  linux('arm64', 'glibc', 'aarch64-unknown-linux-gnu'),
  linux('x64', 'musl', 'x86_64-unknown-linux-musl'),
  linux('arm64', 'musl', 'aarch64-unknown-linux-musl'),
  { platform: 'darwin-arm64', triple: 'aarch64-apple-darwin', os: 'darwin', cpu: 'arm64' },
  { platform: 'darwin-x64', triple: 'x86_64-apple-darwin', os: 'darwin', cpu: 'x64' },
]

/** The oldest glibc that a released binary runs on: what Rust itself asks for. Node 20 needs 2.28. */
export const GLIBC = '2.17'

function linux(cpu, libc, triple) {
  return { platform: `linux-${cpu}-${libc === 'musl' ? 'musl' : 'gnu'}`, triple, os: 'linux', cpu, libc }
}

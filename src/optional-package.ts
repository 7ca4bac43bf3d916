import { LevinError } from './errors.js'

/**
 * A package that only some need, loaded when they do.
 * @param needs who needs it, in words that begin the message: `tracing needs`
 * @param load imports it by its own name, which must stand there as it is for bundlers to find
 * @throws LevinError CONFIG when it is not there
 */
export async function optionalPackage<T>(needs: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw new LevinError('CONFIG', `${needs} the package '${name}': run npm install ${name}`, { cause })
  }
}

/** Where class-transformer keeps what its decorators recorded. It is not exported from the package's front door. */
declare module 'class-transformer/cjs/storage.js' {
  type Target = new (...args: never[]) => object
  export const defaultMetadataStorage: {
    getStrategy(target: Target): 'excludeAll' | 'exposeAll' | 'none'
    getExposedMetadatas(target: Target): unknown[]
    getExcludedMetadatas(target: Target): unknown[]
    findTypeMetadata(target: Target, property: string): { typeFunction?: () => unknown } | undefined
    _transformMetadatas: Map<unknown, Map<string, unknown>>
    _typeMetadatas: Map<unknown, Map<string, unknown>>
  }
}

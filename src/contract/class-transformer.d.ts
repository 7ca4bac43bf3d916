/** What class-transformer does not export from its front door: what its decorators recorded, and what walks by it. */
declare module 'class-transformer/cjs/storage.js' {
  type Target = new (...args: never[]) => object
  interface TypeMetadata {
    readonly propertyName: string
    readonly reflectedType?: unknown
    readonly typeFunction?: (options: { newObject: object; object: object; property: string }) => unknown
    readonly options: {
      readonly discriminator?: {
        readonly property: string
        readonly subTypes: readonly { readonly name: string; readonly value: unknown }[]
      }
    }
  }
  interface PropertyMetadata {
    readonly propertyName: string
    readonly options: { readonly name?: string }
  }
  export const defaultMetadataStorage: {
    getStrategy(target: Target): 'excludeAll' | 'exposeAll' | 'none'
    getExposedMetadatas(target: Target): readonly PropertyMetadata[]
    getExcludedMetadatas(target: Target): readonly PropertyMetadata[]
    _transformMetadatas: ReadonlyMap<unknown, unknown>
    _typeMetadatas: ReadonlyMap<unknown, ReadonlyMap<string, TypeMetadata>>
  }
}

declare module 'class-transformer/cjs/TransformOperationExecutor.js' {
  import type { ClassTransformOptions, TransformationType } from 'class-transformer'
  export class TransformOperationExecutor {
    constructor(transformationType: TransformationType, options: ClassTransformOptions)
    transform(
      source: undefined,
      value: unknown,
      type?: unknown,
      arrayType?: unknown,
      isMap?: boolean,
      level?: number,
    ): unknown
    protected getKeys(type: unknown, from: object, isMap?: boolean): string[]
  }
}

/** What class-validator does not export from its front door: what walks an instance by its decorators. */
declare module 'class-validator/cjs/validation/ValidationExecutor.js' {
  import type { MetadataStorage, ValidationError, Validator, ValidatorOptions } from 'class-validator'
  export class ValidationExecutor {
    readonly awaitingPromises: readonly Promise<unknown>[]
    protected readonly metadataStorage: Pick<
      MetadataStorage,
      'getTargetValidationMetadatas' | 'getTargetValidatorConstraints' | 'groupByPropertyName'
    >
    constructor(validator: Validator, options: ValidatorOptions)
    execute(instance: object, schema: undefined, into: ValidationError[]): void
    stripEmptyErrors(errors: ValidationError[]): ValidationError[]
    protected nestedValidations(
      value: unknown,
      metadatas: readonly { readonly each?: boolean }[],
      error: ValidationError,
    ): void
  }
}

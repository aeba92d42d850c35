/** Wrong usage, or an input file that is not what it should be. Exit code 2. */
export class UsageError extends Error {
  readonly nextStep: string;
  constructor(message: string, nextStep: string, options?: ErrorOptions) {
    super(message, options);
    this.nextStep = nextStep;
  }
}

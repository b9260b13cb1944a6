/** What went wrong, with what to do about it. */
export class MirraError extends Error {
  override name = 'MirraError';

  constructor(
    /** As the control API has it, mirra.session.not_found. */
    readonly code: string,
    message: string,
    readonly hint?: string,
  ) {
    super(`mirra: ${message}${hint ? `\nhint: ${hint}` : ''}`);
  }
}

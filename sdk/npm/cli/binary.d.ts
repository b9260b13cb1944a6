/** The path of the mirra program for this system: MIRRA_BINARY, else what the
 * optional package for it has. Throws an Error that says what to install. */
export function binary(): string;

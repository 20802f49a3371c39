/** The text of a vector of these components. */
export function vectorOf(parts: readonly string[]): string {
  return `[${parts.join(', ')}]`;
}

/** The components of a vector, each a name or a literal; of any other value, the value. */
export function partsOf(value: string): readonly string[] {
  return isVectorText(value) ? value.slice(1, -1).split(', ') : [value];
}

/** Whether a text lists components that are names or literals: other packages may write any array. */
export function isVectorText(value: string): boolean {
  return value.startsWith('[') && VECTOR_TEXT.test(value);
}
const VECTOR_TEXT = /^\[[\w.$()+-]+(?:, [\w.$()+-]+){1,3}\]$/;

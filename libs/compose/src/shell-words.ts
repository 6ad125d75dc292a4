/** A quote that is never closed. */
export class UnclosedQuote extends Error {}

/**
 * The words of a command that is written as one text, as a shell takes it apart, without running one: quotes and backslashes work, nothing is expanded.
 *
 *     nginx -g 'daemon off;'      gives   ["nginx", "-g", "daemon off;"]
 *
 * @throws UnclosedQuote
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (quote === '"' && character === '\\' && /["\\$`\n]/.test(text[at + 1] ?? '')) word = `${word ?? ''}${text[++at]!}`;
      else word = `${word ?? ''}${character}`;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= '';
    } else if (character === '\\' && at + 1 < text.length) {
      word = `${word ?? ''}${text[++at]!}`;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = `${word ?? ''}${character}`;
    }
  }
  if (quote !== '') throw new UnclosedQuote();
  if (word !== undefined) words.push(word);
  return words;
}

/** Kubernetes fills in `$(NAME)` in commands and arguments; a second dollar sign makes it text. */
export function escapeExpansion(word: string): string {
  return word.replaceAll(/\$(?=[$(])/g, '$$$$');
}

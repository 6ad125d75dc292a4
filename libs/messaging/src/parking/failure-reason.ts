import type { FailureReason } from './parked-message.events';

/** Of an error of ours, and of any other. */
const LONGEST_MESSAGE = 500;
const LONGEST_FOREIGN_MESSAGE = 200;
/** No more of a message is looked at: it may be a whole document. */
const LONGEST_READ = 4_096;
const FRAMES = 5;
const LONGEST_FRAME = 200;
const STRUCK = '(redacted)';

/** What looks like a credential, or like a person. */
const secrets: readonly [RegExp, string][] = [
  [/-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g, STRUCK],
  [/\b(Bearer|Basic)\s+[^\s"',;]+/gi, `$1 ${STRUCK}`],
  [/\beyJ[\w-]+(?:\.[\w-]*)*/g, STRUCK],
  [/:\/\/[^\s/@]+@/g, `://${STRUCK}@`],
  [
    /([\w-]*(?:passw(?:or)?d|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|authorization|credential|signature)[\w-]*["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s"',;&}]+)/gi,
    `$1${STRUCK}`,
  ],
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, STRUCK],
  // A key is a long run of letters and digits; a hash is one as well, and is lost with it.
  [/(?=[\w+/-]*\d)(?=[\w+/-]*[A-Za-z])[\w+/]{32,}={0,2}/g, STRUCK],
];

/** What is quoted or stands in braces, of more than 40 characters: not a name any more, but data. */
const data: readonly [RegExp, string][] = [
  [/(?<!\w)(["'`])(?:\\[^]|(?!\1)[^\\]){41,}?(?:\1|$)/g, '$1…$1'],
  [/\{[^]{41,}$/g, '{…'],
];

interface Thrown {
  readonly name: string;
  readonly code?: unknown;
  readonly message: string;
  readonly stack?: string | undefined;
}

/**
 * Why a message failed, short enough and clean enough to be kept for ever. An error of ours says in its message what we wanted it to say;
 * one of a library or the runtime may quote what it was given, of which only the short is kept.
 * @param error whatever was thrown
 */
export function reasonOf(error: unknown): FailureReason {
  const { name, code, message, stack } = error instanceof Error ? partsOf(error) : thrown(error);
  const safeCode = typeof code === 'number' || (typeof code === 'string' && isName(code)) ? String(code) : undefined;
  const cleaned = replaced(message.slice(0, LONGEST_READ), secrets);
  return {
    name: isName(name) ? name : 'Error',
    ...(safeCode !== undefined && { code: safeCode }),
    message: isOurs(code) ? shorten(cleaned, LONGEST_MESSAGE) : shorten(replaced(cleaned, data), LONGEST_FOREIGN_MESSAGE),
    frames: framesOf(stack),
  };
}

/** Many classes leave `name` as it is. */
function partsOf(error: Error & { readonly code?: unknown }): Thrown {
  const { name, code, message, stack, constructor } = error;
  return { name: name === 'Error' ? constructor.name : name, code, message, stack };
}

function thrown(value: unknown): Thrown {
  const message = typeof value === 'string' ? `thrown: ${value}` : `a value of type ${typeof value} was thrown, no Error`;
  return { name: 'NoError', code: undefined, message };
}

function isName(text: string): boolean {
  return /^[\w.-]{1,80}$/.test(text);
}

/** Our codes are like `version-not-draft`; those of Node and of libraries like `ECONNRESET`. */
function isOurs(code: unknown): boolean {
  return typeof code === 'string' && /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(code);
}

function replaced(text: string, patterns: readonly [RegExp, string][]): string {
  return patterns.reduce((result, [pattern, replacement]) => result.replaceAll(pattern, replacement), text);
}

function shorten(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** Places alone: the first lines of a stack repeat the message. */
function framesOf(stack: string | undefined): string[] {
  const places = (stack ?? '').slice(0, LONGEST_READ).matchAll(/^ {4}at (.+)$/gm);
  return [...places].slice(0, FRAMES).map(([, place]) => replaced(place!, secrets).slice(0, LONGEST_FRAME));
}

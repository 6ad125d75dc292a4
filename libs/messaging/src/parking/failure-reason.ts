import type { FailureReason } from './parked-message.events';

const LONGEST_MESSAGE = 500;
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

interface Thrown {
  readonly name: string;
  readonly code?: unknown;
  readonly message: string;
  readonly stack?: string | undefined;
}

/** Why a message failed, short enough and clean enough to be kept for ever. @param error whatever was thrown */
export function reasonOf(error: unknown): FailureReason {
  const { name, code, message, stack } = error instanceof Error ? partsOf(error) : thrown(error);
  const safeCode = typeof code === 'number' || (typeof code === 'string' && isName(code)) ? String(code) : undefined;
  return {
    name: isName(name) ? name : 'Error',
    ...(safeCode !== undefined && { code: safeCode }),
    message: shorten(strike(message.slice(0, LONGEST_READ))),
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

function strike(text: string): string {
  return secrets.reduce((struck, [pattern, replacement]) => struck.replaceAll(pattern, replacement), text);
}

function shorten(text: string): string {
  return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE - 1)}…` : text;
}

/** Places alone: the first lines of a stack repeat the message. */
function framesOf(stack: string | undefined): string[] {
  const places = (stack ?? '').slice(0, LONGEST_READ).matchAll(/^ {4}at (.+)$/gm);
  return [...places].slice(0, FRAMES).map(([, place]) => strike(place!).slice(0, LONGEST_FRAME));
}

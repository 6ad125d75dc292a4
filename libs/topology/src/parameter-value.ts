import { MAX_TEXT, patternOf } from './parameter-pattern';
import type { Parameter, ParameterFormat } from './topology';

/** What a value has against the schema of its parameter. The message goes on from the parameter's name and does not quote the value. */
export interface ValueFault {
  readonly code:
    'wrong-type' | 'not-one-of' | 'too-short' | 'too-long' | 'too-small' | 'too-large' | 'wrong-pattern' | 'wrong-format';
  readonly message: string;
}

/** Whether a text is a value of that type, as a buyer or a default gives it: `3.5` for a number, `true` or `false` for a boolean. */
export function isValueOf(type: Parameter['type'], text: string): boolean {
  if (type === 'boolean') return text === 'true' || text === 'false';
  if (type === 'integer') return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text));
  if (type === 'number') return /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text));
  return true;
}

/** Everything that a value has against the schema, which has to be sound. */
export function valueFaults(parameter: Parameter, text: string): ValueFault[] {
  const { type } = parameter;
  if (!isValueOf(type, text)) return [{ code: 'wrong-type', message: `has to be ${type === 'integer' ? 'an' : 'a'} ${type}` }];
  return enumFaults(parameter, text).concat(
    type === 'string' ? textFaults(parameter, text) : [],
    type === 'number' || type === 'integer' ? numberFaults(parameter, Number(text)) : [],
  );
}

function enumFaults({ enum: values, type, secret }: Parameter, text: string): ValueFault[] {
  if (!values || values.some((value) => (isNumber(type) ? Number(value) === Number(text) : value === text))) return [];
  const which = secret ? '' : `: ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  return [{ code: 'not-one-of', message: `has to be one of ${values.length}${which}` }];
}

function textFaults({ minLength, maxLength, pattern, format }: Parameter, text: string): ValueFault[] {
  const faults: ValueFault[] = [];
  const length = lengthOf(text);
  if (minLength !== undefined && length < minLength)
    faults.push({ code: 'too-short', message: `has to have at least ${minLength} characters` });
  if (maxLength !== undefined && length > maxLength)
    faults.push({ code: 'too-long', message: `may have at most ${maxLength} characters` });
  if (pattern !== undefined && text.length > MAX_TEXT)
    faults.push({ code: 'too-long', message: `may have at most ${MAX_TEXT} characters, since it has a pattern` });
  else if (pattern !== undefined && !patternOf(pattern)(text))
    faults.push({ code: 'wrong-pattern', message: `has to match ${JSON.stringify(pattern)}` });
  if (format !== undefined && !formats[format](text))
    faults.push({ code: 'wrong-format', message: `has to have the format "${format}"` });
  return faults;
}

function numberFaults({ minimum, maximum }: Parameter, value: number): ValueFault[] {
  const faults: ValueFault[] = [];
  if (minimum !== undefined && value < minimum) faults.push({ code: 'too-small', message: `has to be at least ${minimum}` });
  if (maximum !== undefined && value > maximum) faults.push({ code: 'too-large', message: `may be at most ${maximum}` });
  return faults;
}

const isNumber = (type: Parameter['type']): boolean => type === 'number' || type === 'integer';

/** In code points, as JSON Schema counts. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const isHostname = (text: string): boolean => text.length <= 253 && text.split('.').every((part) => label.test(part));

const formats: Readonly<Record<ParameterFormat, (text: string) => boolean>> = {
  email(text) {
    const at = text.lastIndexOf('@');
    return at > 0 && at <= 64 && /^[^\s@\p{Cc}]+$/u.test(text.slice(0, at)) && isHostname(text.slice(at + 1));
  },
  hostname: isHostname,
  ipv4: (text) =>
    /^(?:\d{1,3}\.){3}\d{1,3}$/.test(text) &&
    text.split('.').every((part) => String(Number(part)) === part && Number(part) < 256),
  uri: (text) => /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(text) && URL.canParse(text),
};

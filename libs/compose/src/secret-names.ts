import { keyNamePattern, secretNamePattern } from '@souk/topology';

/** Credentials of somebody else's service, by what variables for them are called: nobody can make those up. */
const suppliedPattern = /(?:api|access|auth|license|account)[_-]?(?:key|token|id)$|token$|dsn$|(?:^|[_-])jwt$|(?:^|[_-])sk$/i;

export const namesSecret = (name: string): boolean => secretNamePattern.test(name) || keyNamePattern.test(name);
/** Whether nobody can make the secret up. */
export const namesSupplied = (name: string): boolean => suppliedPattern.test(name);

const isSwitch = (text: string): boolean => /^(?:true|false|yes|no|on|off|0|1)$/i.test(text);
/** Where a file with a key lies, instead of the key. */
const isPath = (text: string): boolean =>
  /^(?:\.{0,2}\/(?:[\w.-]+\/)*[\w.-]+\.\w{2,5}|\/(?:etc|run|var|usr|opt|srv|home|root|data|app|config|certs?|ssl|tls|keys?|secrets?|mnt|tmp)\/.*)$/.test(
    text,
  );

/** Whether a variable of that name holds a secret, when this is its value. */
export function isSecret(name: string, value: string): boolean {
  if (value === '' || isSwitch(value)) return false;
  if (/dsn$/i.test(name)) return /^[a-z][a-z0-9+.-]*:\/\/[^:@/?#\s]+@/i.test(value);
  return secretNamePattern.test(name) || (keyNamePattern.test(name) && !isPath(value));
}

/** As {@link isSecret}, of something within a text: what is only called a key has to look like one, too. */
export function isFlaggedSecret(name: string, value: string): boolean {
  return secretNamePattern.test(name) || (keyNamePattern.test(name) && !isPath(value) && !/^(?:[a-z_-]*|\d{1,6})$/i.test(value));
}

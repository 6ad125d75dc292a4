import { InvalidConnectionString } from './errors';

/** What the driver knows, as it compares them. */
const KNOWN = new Set([
  'tls',
  'tlscafile',
  'tlsverifycert',
  'usercertfile',
  'userkeyfile',
  'connectionname',
  'defaultdeadline',
  'discoveryinterval',
  'gossiptimeout',
  'maxdiscoverattempts',
  'nodepreference',
  'keepaliveinterval',
  'keepalivetimeout',
]);

const NOT_NAMED = 'there is an option that is none; in a user or a password, "?" is written %3F, and "@" %40';

/**
 * What the driver would only warn of, quoting the whole string with its password on the console, is refused here: an option that it does not
 * know, and one that has no effect. What is left is for the driver to parse.
 * @throws InvalidConnectionString
 */
export function checkConnectionString(text: string): void {
  if (!/^esdb(\+discover)?:\/\/[^/?]/.test(text.trim())) throw new InvalidConnectionString('it does not begin with esdb://host');
  const [authority = '', query = '', ...rest] = text.split('?');
  // A password may have a "?" in it: what follows is no option then, and no name to be told.
  const isPassword = rest.length > 0 || query.includes('@');
  if (isPassword && !authority.includes('@')) throw new InvalidConnectionString(NOT_NAMED);
  for (const pair of query.split('&').filter(Boolean)) {
    const [key = '', value] = pair.split('=');
    const isName = !isPassword && /^[\w-]{1,30}$/.test(key);
    const option = key.trim().toLowerCase().replace(/[_-]/g, '');
    if (!KNOWN.has(option)) throw new InvalidConnectionString(isName ? `there is no option "${key}"` : NOT_NAMED);
    if (value === undefined || value === '') throw new InvalidConnectionString(`the option "${key}" has no value`);
    if (option === 'tlsverifycert' && value !== 'true')
      throw new InvalidConnectionString('certificates are always verified: name the authority by tlsCAFile');
  }
}

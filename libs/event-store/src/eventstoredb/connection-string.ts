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

/**
 * What the driver would only warn of, quoting the whole string with its password on the console, is refused here: an option that it does not
 * know, and one that has no effect. What is left is for the driver to parse.
 * @throws InvalidConnectionString
 */
export function checkConnectionString(text: string): void {
  if (!/^esdb(\+discover)?:\/\/[^/?]/.test(text.trim())) throw new InvalidConnectionString('it does not begin with esdb://host');
  const query = text.split('?')[1] ?? '';
  for (const pair of query.split('&').filter(Boolean)) {
    const [key = '', value] = pair.split('=');
    const option = key.trim().toLowerCase().replace(/[_-]/g, '');
    if (!KNOWN.has(option)) throw new InvalidConnectionString(`there is no option "${key}"`);
    if (value === undefined || value === '') throw new InvalidConnectionString(`the option "${key}" has no value`);
    if (option === 'tlsverifycert' && value !== 'true')
      throw new InvalidConnectionString('certificates are always verified: name the authority by tlsCAFile');
  }
}

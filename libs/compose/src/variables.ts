import type { Parameter } from '@souk/topology';
import type { Report } from './finding';
import { type Address, addressIn, type Hosts } from './hosts';
import { presetOf } from './presets';
import { isSecret, namesSecret } from './secret-names';
import { decoded, sealedSecrets, sealedWords } from './secret-texts';
import { declarableName, type Secrets } from './secrets';
import type { DraftedVariable, ServiceDraft } from './service-draft';
import type { Slot, Slots } from './slots';

/** Names of variables whose value is a host, where it looks like one. */
const namesHost = /host|addr|server|url|uri|endpoint|broker|upstream|backend|node|peer|link/i;

/** Writes the variables of nodes as templates: secrets, parameters and addresses take the place of what the document writes down. */
export class Variables {
  private readonly declared = new Map<string, Parameter>();

  constructor(
    private readonly hosts: Hosts,
    private readonly secrets: Secrets,
    private readonly slots: Slots,
    private readonly report: Report,
  ) {}

  get parameters(): Readonly<Record<string, Parameter>> {
    return Object.fromEntries(this.declared);
  }

  /** `X_FILE` that reads the file of a secret becomes `X` that is that secret: images that know the one know the other, by convention. */
  readSecretFiles(draft: ServiceDraft): void {
    const read = new Set<string>();
    for (const [key, { text, at }] of [...draft.environment]) {
      const reference = draft.secretFiles.get(text);
      if (reference === undefined || !/_FILE$/.test(key)) continue;
      read.add(text);
      const plain = key.replace(/_FILE$/, '');
      draft.environment.delete(key);
      draft.environment.set(plain, { text: this.slots.open({ reference }), at });
      this.report.approximated(
        at,
        'secret-file-variable',
        `"${plain}" holds the secret itself, instead of "${key}" the path of a file with it`,
      );
    }
    for (const { key, file, at } of draft.secretVariables) {
      if (read.has(file) || draft.environment.has(key)) continue;
      draft.environment.set(key, { text: this.slots.open({ reference: draft.secretFiles.get(file)! }), at });
      this.report.approximated(at, 'secret-variable', `the secret is the variable "${key}"`);
    }
  }

  templatesOf(draft: ServiceDraft): Readonly<Record<string, string>> {
    return Object.fromEntries([...draft.environment].map(([key, variable]) => [key, this.templateOf(key, variable, draft)]));
  }

  /** Words of a command, with secrets that they write down moved into variables of their own. */
  wordsOf(words: readonly string[], at: string, draft: ServiceDraft): readonly string[] {
    return sealedWords(words, (name, value) => this.movedToVariable(name, value, at, draft));
  }

  private movedToVariable(flag: string, value: string, at: string, draft: ServiceDraft): string {
    const reference = this.secrets.forLiteral(value, flag, draft.name);
    const key = this.freeKey(`ARG_${flag.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`, reference, draft);
    draft.environment.set(key, { text: this.slots.open({ reference }), at });
    this.report.approximated(
      at,
      'secret-in-command',
      `what the command gives as "${flag}" is a secret, and comes from the variable "${key}"`,
    );
    return `$(${key})`;
  }

  /** A name that no other variable has. */
  private freeKey(wanted: string, reference: string, { environment }: ServiceDraft): string {
    const isFree = (key: string) => {
      const known = environment.get(key);
      const only = known && this.slots.only(known.text);
      return !known || (only !== undefined && 'reference' in only && only.reference === reference);
    };
    let key = wanted;
    for (let n = 2; !isFree(key); n++) key = `${wanted}_${n}`;
    return key;
  }

  private templateOf(key: string, variable: DraftedVariable, draft: ServiceDraft): string {
    const { text, at } = variable;
    const wanted = presetOf(draft)?.variables.find((known) => known.key === key)?.secret === true;
    if (wanted || isSecret(key, text)) return this.secretOf(key, variable, draft);
    // A list of addresses; a password may hold commas.
    const pieces = (text.includes('@') ? [text] : text.split(',')).map((piece) => this.pieceOf(key, piece, at, draft));
    const open = sealedSecrets(pieces.join(','), (name, value) =>
      this.slots.has(value) ? value : this.sealed(value, name, at, draft),
    );
    return this.filled(open, at);
  }

  private secretOf(key: string, { text, at }: DraftedVariable, draft: ServiceDraft): string {
    const only = this.slots.only(text);
    if (only && 'reference' in only) return only.reference;
    if (only || this.slots.has(text)) {
      this.report.approximated(at, 'secret-supplied', `"${key}" is a secret that the buyer of an instance supplies`);
      return this.secrets.forVariable(only ? only.variable : key);
    }
    return this.filled(this.sealed(text, key, at, draft), at);
  }

  /** In place of a value that is written down: the mark of a secret. */
  private sealed(value: string, key: string, at: string, draft: ServiceDraft): string {
    const reference = this.secrets.forLiteral(value, key, draft.name);
    this.report.approximated(
      at,
      'secret-declared',
      `the value written down is not taken over: "${key}" is ${reference}, and another one in each instance`,
    );
    return this.slots.open({ reference });
  }

  /** An address with its password sealed, and its host by the name that the node has here. */
  private pieceOf(key: string, piece: string, at: string, draft: ServiceDraft): string {
    const address = addressIn(piece);
    if (!address) return piece;
    const { before, password, port, behind } = address;
    const isWritten = password !== undefined && password !== '' && !this.slots.has(password);
    const sealed = isWritten ? this.sealed(decoded(password), `${key}_PASSWORD`, at, draft) : password;
    const user = password === undefined ? before : `${before}${sealed!}@`;
    return `${user}${this.hostOf(key, address, at)}${port}${behind}`;
  }

  private hostOf(key: string, { before, host, port }: Address, at: string): string {
    const node = this.hosts.named(host);
    if (!node || node.serviceName === host) return host;
    const isCertain = before !== '' || port !== '' || namesHost.test(key);
    if (!isCertain || (node.ports.length === 0 && !presetOf(node))) {
      const why = isCertain ? 'has no port, so it is not reached' : `may or may not be meant here, so "${host}" stays`;
      this.report.approximated(at, 'host-unchanged', `the node "${node.serviceName}", "${host}" in the document, ${why}`);
      return host;
    }
    this.report.approximated(at, 'host-renamed', `"${host}" is the node "${node.serviceName}", and referred to as such`);
    return this.slots.open({ reference: `\${node.${node.serviceName}.host}` });
  }

  private filled(text: string, at: string): string {
    return this.slots.fill(text, (slot) => this.referenceOf(slot, at));
  }

  private referenceOf(slot: Slot, at: string): string {
    if ('reference' in slot) return slot.reference;
    const { variable, required } = slot;
    if (namesSecret(variable)) {
      this.report.approximated(at, 'secret-supplied', `"${variable}" is a secret that the buyer of an instance supplies`);
      return this.secrets.forVariable(variable);
    }
    const name = declarableName(variable);
    const isRequired = required || this.declared.get(name)?.required === true;
    this.declared.set(name, {
      type: 'string',
      title: variable.slice(0, 200),
      ...(isRequired ? { required: true } : { default: '' }),
    });
    this.report.approximated(
      at,
      'parameter-declared',
      `"${variable}" has no value, so it is a parameter that the buyer of an instance ${isRequired ? 'fills in' : 'may fill in'}`,
      `give "${variable}" in the environment of the import to have it the same in all instances`,
    );
    return `\${param.${name}}`;
  }
}

/** Whether a text writes down a secret: one that is flagged, or one of the given values behind a short flag. */
export function mentionsSecret(text: string, values: Iterable<string>): boolean {
  if (sealedWords([text], () => '')[0] !== text) return true;
  for (const value of values) {
    if (value === '') continue;
    if (
      ['-p', '-p ', '-a ', '-w ', "-p'", '-p"'].some((flag) => text.includes(` ${flag}${value}`)) ||
      text.includes(`:${value}@`)
    )
      return true;
  }
  return false;
}

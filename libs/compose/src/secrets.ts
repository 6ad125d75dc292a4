import type { SecretDeclaration } from '@souk/topology';
import { namesSecret, namesSupplied } from './secret-names';

/**
 * The secrets that a topology declares in place of what the document writes down or leaves to its environment. Whatever has the same value in the document is the
 * same secret, so that a client keeps knowing the password of its server. Values are compared, and never leave.
 */
export class Secrets {
  private readonly declared = new Map<string, SecretDeclaration>();
  /** By value in the document: the declared name, and the service that had it first. */
  private readonly literals = new Map<string, { readonly name: string; readonly key: string; readonly service: string }>();
  /** Values of variables that are called secrets, whether the document uses them or not; by value, the variable. */
  private readonly outside = new Map<string, string>();
  private readonly variables = new Map<string, string>();

  get declarations(): Readonly<Record<string, SecretDeclaration>> {
    return Object.fromEntries(this.declared);
  }

  /** Every value that is known to be a secret, and what it is called. */
  get recognised(): { readonly value: string; readonly key: string }[] {
    const written = [...this.literals].map(([value, { key }]) => ({ value, key }));
    const outside = [...this.outside].filter(([value]) => !this.literals.has(value));
    return [...written, ...outside.map(([value, key]) => ({ value, key }))];
  }

  /** A value that the environment of the import gives for a secret: the document may have it anywhere. */
  recognise(value: string, variable: string): void {
    this.outside.set(value, variable);
  }

  /** For a value that the document writes down, in a variable or flag of that name. Answers a reference. */
  forLiteral(value: string, key: string, service: string): string {
    const known = this.literals.get(value);
    if (known) {
      // What two services share is between them, whatever it is called.
      if (known.service !== service) this.declare(known.name, { ...this.declared.get(known.name)!, source: 'generated' });
      return reference(known.name);
    }
    const name = this.freeName(camelCase(key));
    this.literals.set(value, { name, key, service });
    return this.declare(name, { source: namesSupplied(key) ? 'supplied' : 'generated', title: `${key} of ${service}` });
  }

  /** For a variable of the document's environment that has no value here. */
  forVariable(variable: string): string {
    const known = this.variables.get(variable);
    if (known !== undefined) return reference(known);
    const name = this.freeName(variable);
    this.variables.set(variable, name);
    return this.declare(name, { source: 'supplied', title: variable });
  }

  /** For a secret that the document declares itself: every one of them is used by a service. */
  forDeclared(name: string, external: boolean): string {
    const known = this.variables.get(`secrets/${name}`);
    if (known !== undefined) return reference(known);
    const free = this.freeName(name);
    this.variables.set(`secrets/${name}`, free);
    const generated = !external && namesSecret(name) && !namesSupplied(name);
    return this.declare(free, { source: generated ? 'generated' : 'supplied', title: name });
  }

  private declare(name: string, { source, title }: SecretDeclaration): string {
    this.declared.set(name, { source, ...(title !== undefined && { title: title.slice(0, 200) }) });
    return reference(name);
  }

  private freeName(wanted: string): string {
    const label = declarableName(wanted);
    let name = label;
    for (let n = 2; this.declared.has(name); n++) name = `${label.slice(0, 58)}${n}`;
    return name;
  }
}

/** The nearest name that references can write. */
export function declarableName(wanted: string): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z]+/, '');
  return plain === '' ? 'value' : plain.slice(0, 63);
}

function reference(name: string): string {
  return `\${secret.${name}}`;
}

/** `POSTGRES_PASSWORD` → `postgresPassword` */
function camelCase(key: string): string {
  const words = key.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words
    .map((word) => (/[a-z]/.test(word) ? word : word.toLowerCase()))
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}

/** What stands between `${` and `}` in the value of an environment variable. */
export type Reference =
  /** `host` and `port` of a process; any credential of a cloud node. */
  | { readonly kind: 'node'; readonly node: string; readonly field: string }
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'secret'; readonly name: string }
  /** A service that another app on the same cluster provides. */
  | { readonly kind: 'service'; readonly model: string; readonly field: ServiceField };

export type ServiceField = 'host' | 'port';

/** A piece of a template: text as it stands, a reference, or a `${…}` that is none. */
export type TemplatePart = { readonly text: string } | { readonly reference: Reference } | { readonly malformed: string };

/** A value for a reference. `secret: true` where nobody but the instance may see it. */
export interface Resolved {
  readonly value: string;
  readonly secret: boolean;
}

/** A template refers to something that has no value. Validation finds every such template beforehand. */
export class UnresolvedReference extends Error {
  readonly code = 'reference-unresolved';
  constructor(readonly reference: string) {
    super(`"${reference}" refers to nothing`);
    this.name = new.target.name;
  }
}

/** Names of parameters and secrets, as references write them. */
export const declaredNamePattern = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/**
 * The parts of a template, in order:
 *
 *     jdbc:mysql://${node.mysql.host}:${node.mysql.port}/${param.schema}      three references
 *     ${secret.dbPassword}                                                     one
 *     $${HOME}                                                                 the text ${HOME}: `$$` stands for a dollar sign
 *     $$${param.price}                                                         a dollar sign, and a reference
 *
 * A single dollar sign before anything but a brace is text. Linear in the length.
 */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = '';
  const endText = () => {
    if (text !== '') parts.push({ text });
    text = '';
  };
  let at = 0;
  for (;;) {
    const dollar = template.indexOf('$', at);
    if (dollar < 0) break;
    text += template.slice(at, dollar);
    if (template.startsWith('$$', dollar)) {
      text += '$';
      at = dollar + 2;
    } else if (template.startsWith('${', dollar)) {
      endText();
      const brace = template.indexOf('}', dollar);
      const end = brace < 0 ? template.length : brace + 1;
      const written = template.slice(dollar, end);
      const reference = brace < 0 ? undefined : parseReference(written.slice(2, -1));
      parts.push(reference ? { reference } : { malformed: written });
      at = end;
    } else {
      text += '$';
      at = dollar + 1;
    }
  }
  text += template.slice(at);
  endText();
  return parts;
}

/** The template that resolves to exactly this text, also where another template follows. */
export function escapeTemplate(text: string): string {
  return text.replaceAll(/\$(?=[${]|$)/g, '$$$$');
}

/** As it is written in a template: `${node.mysql.host}`. */
export function formatReference(reference: Reference): string {
  switch (reference.kind) {
    case 'node':
      return `\${node.${reference.node}.${reference.field}}`;
    case 'service':
      return `\${service.${reference.model}.${reference.field}}`;
    default:
      return `\${${reference.kind}.${reference.name}}`;
  }
}

/**
 * The value of a template, secret as soon as one of its parts is.
 * @throws UnresolvedReference where `lookup` answers nothing, or where a `${…}` is no reference
 */
export function resolveTemplate(template: string, lookup: (reference: Reference) => Resolved | undefined): Resolved {
  let value = '';
  let secret = false;
  for (const part of parseTemplate(template)) {
    if ('text' in part) {
      value += part.text;
      continue;
    }
    if ('malformed' in part) throw new UnresolvedReference(part.malformed);
    const resolved = lookup(part.reference);
    if (!resolved) throw new UnresolvedReference(formatReference(part.reference));
    value += resolved.value;
    secret ||= resolved.secret;
  }
  return { value, secret };
}

const nodeReference = /^node\.([a-z0-9-]{1,63})\.([A-Za-z][A-Za-z0-9_-]{0,62})$/;
const serviceReference = /^service\.([a-z0-9-]{1,63})\.(host|port)$/;
const declaredReference = /^(param|secret)\.([A-Za-z][A-Za-z0-9_-]{0,62})$/;

function parseReference(body: string): Reference | undefined {
  const node = nodeReference.exec(body);
  if (node) return { kind: 'node', node: node[1]!, field: node[2]! };
  const service = serviceReference.exec(body);
  if (service) return { kind: 'service', model: service[1]!, field: service[2] as ServiceField };
  const declared = declaredReference.exec(body);
  if (declared) return { kind: declared[1] as 'param' | 'secret', name: declared[2]! };
  return undefined;
}

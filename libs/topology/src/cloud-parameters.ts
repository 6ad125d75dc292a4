import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { formatReference, parseTemplate, type Reference } from './references';
import type { CloudService, Parameter, Topology, TopologyNode } from './topology';

/** What a reference in parameters of a cloud node needs of the one that is declared. */
export type ReferredParameter = Pick<Parameter, 'type' | 'default'>;

/**
 * What parameters of a cloud node refer to: texts in them may have `${param.<name>}` in them, as variables of a process have (F23). Nothing else:
 * addresses and credentials of other nodes are of no use in a cloud, and what is secret does not leave the instance.
 */
export function cloudReferenceProblems({ cloud }: TopologyNode, declared: Topology['parameters'], at: string): Problem[] {
  return textsIn(cloud?.parameters, `${at}/cloud/parameters`).flatMap(({ text, pointer }) =>
    parseTemplate(text).flatMap((part): Problem[] => {
      if ('text' in part) return [];
      const found = 'malformed' in part ? invalid(part.malformed) : problemWith(part.reference, declared);
      return found ? [{ ...found, pointer }] : [];
    }),
  );
}

/** Those that are referred to, as they are declared; in the order of their names. */
export function referredParameters(
  parameters: CloudService['parameters'],
  declared: Topology['parameters'],
): Record<string, ReferredParameter> {
  const names = textsIn(parameters, '').flatMap(({ text }) =>
    parseTemplate(text).flatMap((part) => ('reference' in part && part.reference.kind === 'param' ? [part.reference.name] : [])),
  );
  return Object.fromEntries(
    [...new Set(names)].sort().flatMap((name) => {
      const known = Object.hasOwn(declared, name) ? declared[name] : undefined;
      if (!known) return [];
      return [[name, { type: known.type, ...(known.default !== undefined && { default: known.default }) }]];
    }),
  );
}

/**
 * Parameters of a cloud node with values in place of references. A text that is one reference and nothing else becomes what the parameter is:
 *
 *     {"storageGB": "${param.size}", "label": "of ${param.shop}"}     {"storageGB": 20, "label": "of Anna"}
 *
 * A parameter that nobody had to fill in is an empty text; a number or a truth value of which nothing is known is left out.
 */
export function filledInParameters(
  parameters: Readonly<Record<string, unknown>>,
  referred: Readonly<Record<string, ReferredParameter>>,
  given: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const valueOf = (name: string) =>
    (Object.hasOwn(given, name) ? given[name] : undefined) ??
    (Object.hasOwn(referred, name) ? referred[name]?.default : undefined);
  const ofText = (text: string): unknown => {
    const parts = parseTemplate(text);
    const [only] = parts;
    if (parts.length === 1 && only && 'reference' in only && only.reference.kind === 'param') {
      const { name } = only.reference;
      return typed(valueOf(name), Object.hasOwn(referred, name) ? referred[name]!.type : 'string');
    }
    return parts
      .map((part) => {
        if ('text' in part) return part.text;
        if ('malformed' in part) return part.malformed;
        return part.reference.kind === 'param' ? (valueOf(part.reference.name) ?? '') : formatReference(part.reference);
      })
      .join('');
  };
  const ofValue = (value: unknown): unknown => {
    if (typeof value === 'string') return ofText(value);
    if (Array.isArray(value)) return value.map(ofValue).filter((item) => item !== undefined);
    return typeof value === 'object' && value !== null ? ofMembers(value) : value;
  };
  const ofMembers = (members: object) =>
    Object.fromEntries(
      Object.entries(members).flatMap(([name, value]) => {
        const filled = ofValue(value);
        return filled === undefined ? [] : [[name, filled]];
      }),
    );
  return ofMembers(parameters);
}

function typed(value: string | undefined, type: Parameter['type']): unknown {
  if (type === 'string') return value ?? '';
  if (value === undefined || value === '') return undefined;
  return type === 'boolean' ? value === 'true' : Number(value);
}

/** Texts with something to resolve in them. Without recursion: what is too deep is a problem of its own. */
function textsIn(parameters: unknown, at: string): { readonly text: string; readonly pointer: string }[] {
  const texts: { text: string; pointer: string }[] = [];
  const left = [{ value: parameters, pointer: at }];
  for (let item = left.pop(); item; item = left.pop()) {
    const { value, pointer } = item;
    if (typeof value === 'string' && value.includes('${')) texts.push({ text: value, pointer });
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, member] of Object.entries(value))
      left.push({ value: member as unknown, pointer: `${pointer}/${pointerSegment(name)}` });
  }
  return texts.reverse();
}

type Found = Omit<Problem, 'pointer'>;

const invalid = (written: string): Found => ({
  code: 'reference-invalid',
  message: `${JSON.stringify(written)} is no reference: in parameters of a cloud node there is \${param.<name>}; for the text itself write $\${`,
});

function problemWith(reference: Reference, declared: Topology['parameters']): Found | undefined {
  const written = formatReference(reference);
  if (reference.kind !== 'param') {
    const message = `"${written}" can't stand in parameters of a cloud node: only \${param.<name>} can`;
    return { code: 'cloud-parameter-reference', message };
  }
  if (!Object.hasOwn(declared, reference.name))
    return { code: 'reference-unknown', message: `"${written}" refers to a parameter that is not declared` };
  if (declared[reference.name]!.secret !== true) return undefined;
  return { code: 'cloud-parameter-secret', message: `"${written}" is secret: it does not go to a provider` };
}

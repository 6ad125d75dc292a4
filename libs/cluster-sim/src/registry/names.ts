import { randomBytes } from 'node:crypto';
import { type FieldProblem, invalidValue } from '../objects/api-error';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const RFC1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_VALUE = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const labelPattern = new RegExp(`^${LABEL}$`);
const rfc1035Pattern = new RegExp(`^${RFC1035}$`);
const subdomainPattern = new RegExp(`^${SUBDOMAIN}$`);
const labelValuePattern = new RegExp(`^${LABEL_VALUE}$`);
const qualifiedPattern = new RegExp(`^${QUALIFIED}$`);

type NameRule = (value: string) => string | undefined;

/** The wordings of k8s.io/apimachinery/pkg/util/validation. `undefined` when the name is good. */
export const rfc1123Label: NameRule = (value) => {
  if (value.length > 63) return 'must be no more than 63 characters';
  if (labelPattern.test(value)) return undefined;
  return `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
};

export const rfc1123Subdomain: NameRule = (value) => {
  if (value.length > 253) return 'must be no more than 253 characters';
  if (subdomainPattern.test(value)) return undefined;
  return `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
};

export const rfc1035Label: NameRule = (value) => {
  if (value.length > 63) return 'must be no more than 63 characters';
  if (rfc1035Pattern.test(value)) return undefined;
  return `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${RFC1035}')`;
};

const RULES: Readonly<Record<string, NameRule>> = { Namespace: rfc1123Label, Service: rfc1035Label };

export const nameProblems = (kind: string, name: string): FieldProblem[] => {
  const why = (RULES[kind] ?? rfc1123Subdomain)(name);
  return why ? [invalidValue('metadata.name', name, why)] : [];
};

export const labelProblems = (labels: Record<string, string> | undefined, field: string): FieldProblem[] =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [...keyProblems(key, field), ...valueProblems(value, field)]);

export const keyProblems = (key: string, field: string): FieldProblem[] => {
  const parts = key.split('/');
  const name = parts.at(-1)!;
  if (
    parts.length <= 2 &&
    name.length <= 63 &&
    qualifiedPattern.test(name) &&
    (parts.length === 1 || !rfc1123Subdomain(parts[0]!))
  ) {
    return [];
  }
  return [
    invalidValue(
      field,
      key,
      `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`,
    ),
  ];
};

const valueProblems = (value: string, field: string): FieldProblem[] => {
  if (value.length > 63) return [invalidValue(field, value, 'must be no more than 63 characters')];
  if (labelValuePattern.test(value)) return [];
  return [
    invalidValue(
      field,
      value,
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_VALUE}')`,
    ),
  ];
};

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Five random letters, as Kubernetes ends generated names with: no vowels, so no words. */
export const randomSuffix = (length = 5): string =>
  [...randomBytes(length)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');

/** `generateName` and a random suffix, cut so that the whole stays a label. */
export const generatedName = (base: string): string => `${base.slice(0, 58)}${randomSuffix()}`;

import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { declaredNamePattern } from './references';
import type { Parameter, Topology } from './topology';

/** What is wrong with the parameters and secrets that a topology declares. */
export function declarationProblems({ parameters, secrets }: Topology): Problem[] {
  return Object.keys(parameters)
    .flatMap((name) => nameProblems(name, 'parameter', `/parameters/${pointerSegment(name)}`))
    .concat(
      Object.keys(secrets).flatMap((name) => nameProblems(name, 'secret', `/secrets/${pointerSegment(name)}`)),
      Object.entries(parameters).flatMap(([name, parameter]) => defaultProblems(name, parameter)),
    );
}

/** Whether a text is a value of that type, as a buyer or a default gives it: `3.5` for a number, `true` or `false` for a boolean. */
export function isValueOf(type: Parameter['type'], text: string): boolean {
  if (type === 'boolean') return text === 'true' || text === 'false';
  if (type === 'number') return /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text));
  return true;
}

function nameProblems(name: string, what: string, pointer: string): Problem[] {
  if (declaredNamePattern.test(name)) return [];
  return [
    {
      code: `${what}-name-invalid`,
      pointer,
      message: `${JSON.stringify(name)} is no name of a ${what}: 1 to 63 letters, digits, "_" and "-", beginning with a letter`,
    },
  ];
}

function defaultProblems(name: string, { type, default: value }: Parameter): Problem[] {
  if (value === undefined || isValueOf(type, value)) return [];
  return [
    {
      code: 'parameter-default-invalid',
      pointer: `/parameters/${pointerSegment(name)}/default`,
      message: `${JSON.stringify(value)} is no ${type}`,
    },
  ];
}

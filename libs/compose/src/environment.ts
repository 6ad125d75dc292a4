import { below, type Report } from './finding';
import { reservedCharacters } from './read-yaml';
import type { ServiceDraft } from './service-draft';
import { isMapping, textOf, type Value, withText, eachEntry, wrongShape, isExtension } from './value';

/** `environment` of a service: a mapping, or a list of `KEY=value`. A key alone takes its value from `outside`, where it has one there. */
export function readEnvironment(
  value: Value,
  at: string,
  draft: ServiceDraft,
  outside: Readonly<Record<string, string>>,
  report: Report,
): void {
  const set = (key: string, text: string | undefined, entryAt: string) => {
    const known = text ?? (Object.hasOwn(outside, key) ? outside[key] : undefined);
    if (reservedCharacters.test(key)) {
      report.problem(entryAt, 'variable-name-invalid', 'the name of a variable is a variable itself, which has no value');
    } else if (known === undefined) {
      report.approximated(
        entryAt,
        'variable-unset',
        `"${key}" is taken from the environment, which does not have it, so it is not set`,
        `give "${key}" in the environment of the import`,
      );
    } else {
      draft.environment.set(key, { text: known, at: entryAt });
    }
  };
  if (isMapping(value)) {
    if (value.size === 0) report.empty(at);
    for (const [key, member] of value) {
      const memberAt = below(at, key);
      const text = textOf(member);
      if (member === null || text !== undefined) set(key, text, memberAt);
      else if (!isExtension(key)) wrongShape(member, memberAt, 'a text', report);
    }
  } else {
    eachEntry(value, at, report, (entry, entryAt) =>
      withText(entry, entryAt, report, (line) => {
        const equals = line.indexOf('=');
        if (equals < 0) set(line, undefined, entryAt);
        else set(line.slice(0, equals), line.slice(equals + 1), entryAt);
      }),
    );
  }
  if (draft.environment.size > 0) report.mapped(at, 'environment', `variables of the node: ${draft.environment.size}`);
}

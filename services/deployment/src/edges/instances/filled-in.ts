import { jsonPointer, type Problem } from '@souk/event-sourcing';
import { InvalidInput } from '@souk/platform';
import type { FilledIn } from '../../domain/instances/parameters';
import type { ReportDto } from './instance.dto';

/** @throws InvalidInput naming every value that is no text */
export function filledIn({ parameters = {}, secrets = {} }: Pick<ReportDto, 'parameters' | 'secrets'>): FilledIn {
  const problems: Problem[] = [];
  for (const [field, values] of Object.entries({ parameters, secrets }))
    for (const [name, value] of Object.entries(values))
      if (typeof value !== 'string')
        problems.push({ code: 'wrong-type', pointer: jsonPointer(field, name), message: 'must be a text' });
  if (problems.length > 0) throw new InvalidInput(problems, 'body');
  return { parameters: parameters as Record<string, string>, secrets: secrets as Record<string, string> };
}

import { update } from 'mingo';
import { BSON, type Document } from 'mongodb';
import { compareValues, valueAt } from './bson-order';
import { CommandFailed } from './command-failed';

type Operator = (before: unknown, operand: unknown) => unknown;

/** What is asked for all the time; mingo's own cost some time in each call. A missing field is `undefined`, before and after. */
const operators: Readonly<Record<string, Operator>> = {
  $set: (_, operand) => operand,
  $unset: () => undefined,
  $inc: (before, operand) => Number(before ?? 0) + Number(operand),
  $max: (before, operand) => (before === undefined || compareValues(operand, before) > 0 ? operand : before),
  $min: (before, operand) => (before === undefined || compareValues(operand, before) < 0 ? operand : before),
  $currentDate: () => new Date(),
};
const mingoOperators = new Set(['$push', '$pull', '$addToSet', '$rename', '$mul', '$pop', '$pullAll']);

/** The document after an update, or with another one in its place; the one before stays as it is. @throws CommandFailed */
export function changedBy(document: Document, change: Document): Document {
  if (!isOperators(change)) return { ...('_id' in document && { _id: document._id as unknown }), ...change };
  const copy = BSON.deserialize(BSON.serialize(document));
  for (const [name, operands] of Object.entries(change) as [string, Document][]) {
    if (name === '$setOnInsert') continue;
    const operator = operators[name];
    if (operator) for (const [path, operand] of Object.entries(operands)) put(copy, path, operator(valueAt(copy, path), operand));
    else if (mingoOperators.has(name)) update(copy, { [name]: operands }, [], {}, { cloneMode: 'none' });
    else throw new CommandFailed(9, 'FailedToParse', `the stand-in does not know the update operator ${name}`);
  }
  return copy;
}

export function isOperators(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value)[0]?.startsWith('$') ?? false;
}

function put(document: Document, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop()!;
  let place = document;
  for (const name of names) place = (place[name] ??= {}) as Document;
  if (value === undefined) Reflect.deleteProperty(place, last);
  else place[last] = value;
}

/** google.protobuf.Value, as protobufjs reads and writes it. */
interface Value {
  readonly nullValue?: number;
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: Struct;
  readonly listValue?: ListValue;
}

interface Struct {
  readonly fields: Readonly<Record<string, Value>>;
}

interface ListValue {
  readonly values: readonly Value[];
}

interface WellKnown {
  readonly toJson: (message: never) => unknown;
  /** `undefined` for what can't be written as such a message. */
  readonly fromJson: (json: unknown) => object | undefined;
}

/** Messages whose JSON form is not an object of their fields: https://protobuf.dev/programming-guides/json/ */
export const wellKnown: Readonly<Record<string, WellKnown>> = {
  '.google.protobuf.Value': { toJson: jsonOfValue, fromJson: valueOf },
  '.google.protobuf.Struct': { toJson: jsonOfStruct, fromJson: (json) => (isObject(json) ? structOf(json) : undefined) },
  '.google.protobuf.ListValue': { toJson: jsonOfList, fromJson: (json) => (Array.isArray(json) ? listOf(json) : undefined) },
};

function jsonOfValue(value: Value): unknown {
  // Read messages have the defaults of what is absent on their prototype.
  const has = (kind: keyof Value): boolean => Object.hasOwn(value, kind);
  if (has('structValue')) return jsonOfStruct(value.structValue!);
  if (has('listValue')) return jsonOfList(value.listValue!);
  if (has('stringValue')) return value.stringValue;
  if (has('numberValue')) return value.numberValue;
  if (has('boolValue')) return value.boolValue;
  return null;
}

function jsonOfStruct({ fields }: Struct): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, jsonOfValue(value)]));
}

function jsonOfList({ values }: ListValue): unknown[] {
  return values.map(jsonOfValue);
}

function valueOf(json: unknown): Value | undefined {
  if (json === null) return { nullValue: 0 };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (Array.isArray(json)) return { listValue: listOf(json) };
  return isObject(json) ? { structValue: structOf(json) } : undefined;
}

function structOf(json: object): Struct {
  return { fields: Object.fromEntries(Object.entries(json).map(([name, value]) => [name, valueOf(value) ?? { nullValue: 0 }])) };
}

function listOf(json: readonly unknown[]): ListValue {
  return { values: json.map((value) => valueOf(value) ?? { nullValue: 0 }) };
}

const isObject = (json: unknown): json is object => typeof json === 'object' && json !== null && !Array.isArray(json);

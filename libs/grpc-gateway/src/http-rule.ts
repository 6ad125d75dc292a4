import type { Method } from 'protobufjs';

/** The REST route that an rpc stands for, from its annotation `google.api.http`. */
export interface HttpRule {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';
  /** `/v1/apps/{app_id}` */
  readonly template: string;
  /** Fields of the request that stand in the path, in this order. */
  readonly pathFields: readonly string[];
  /** The field that is the body, `*` for all that do not stand in the path, `undefined` for none: the rest are query parameters. */
  readonly body: string | undefined;
}

const verbs = ['get', 'put', 'post', 'delete', 'patch'] as const;

/** @throws Error naming the rpc where the annotation is missing, or names fields that the request does not have */
export function httpRuleOf(method: Method): HttpRule {
  const rule = annotationOf(method);
  const verb = verbs.find((name) => rule?.[name] !== undefined);
  const template = verb && rule?.[verb];
  if (!template) throw new Error(`${method.fullName} has no annotation google.api.http`);
  const pathFields = [...template.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name!);
  const { body } = rule;
  const fields = method.resolvedRequestType!.fields;
  for (const name of [...pathFields, ...(body === undefined || body === '*' ? [] : [body])])
    if (!Object.hasOwn(fields, name)) throw new Error(`${method.fullName}: there is no field "${name}" in its request`);
  return { method: verb.toUpperCase() as HttpRule['method'], template, pathFields, body };
}

function annotationOf({ parsedOptions }: Method): Record<string, string> | undefined {
  const options = (parsedOptions as unknown as readonly Record<string, unknown>[] | null) ?? [];
  return options.find((option) => '(google.api.http)' in option)?.['(google.api.http)'] as Record<string, string> | undefined;
}

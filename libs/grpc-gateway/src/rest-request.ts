import type { Message } from 'protobufjs';
import { refused } from './gateway-problems';
import type { HttpRule } from './http-rule';
import { isOptional, jsonName, jsonOf, jsonOfField } from './json-codec';
import type { PublicMethod } from './public-api';
import type { RestRequest } from './rest-backend.port';

/** Of a stream of server-sent events: the field that is the header `Last-Event-ID`. */
const AFTER = 'after';

const HTTP_BODY = '.google.api.HttpBody';

/**
 * The REST request that a call stands for.
 * @param headers from its metadata
 * @param atLeast position that a read waits for
 * @throws RefusedCall for a path that can't be made of these values
 */
export function restRequestOf(
  method: PublicMethod,
  message: Message,
  headers: Readonly<Record<string, string>>,
  atLeast: string | undefined,
): RestRequest {
  const { rule } = method;
  const query = queryOf(method, message);
  if (atLeast !== undefined) query.append('atLeast', atLeast);
  const after = method.streams ? afterOf(method, message) : undefined;
  return {
    method: rule.method,
    path: `${pathOf(method, message)}${query.size > 0 ? `?${query.toString()}` : ''}`,
    headers: { ...headers, ...(after && { 'last-event-id': after }), ...(rule.body !== undefined && bodyType(method, message)) },
    ...(rule.body !== undefined && { body: bodyOf(method, message) }),
  };
}

function pathOf({ rule, request }: PublicMethod, message: Message): string {
  const missing = rule.pathFields.filter((name) => {
    const value = textOf(message, name);
    return value === '' || value === '.' || value === '..';
  });
  if (missing.length > 0)
    throw refused(
      missing.map((name) => ({
        pointer: `/${jsonName(request.fields[name]!)}`,
        code: 'wrong-format',
        message: 'is no id or name',
      })),
    );
  return rule.template.replaceAll(/\{([^}]*)\}/g, (_, name: string) => encodeURIComponent(textOf(message, name).toWellFormed()));
}

function queryOf({ rule, request, streams }: PublicMethod, message: Message): URLSearchParams {
  const query = new URLSearchParams();
  if (rule.body === '*') return query;
  for (const field of request.fieldsArray) {
    if (rule.pathFields.includes(field.name) || field.name === rule.body || (streams && field.name === AFTER)) continue;
    const value = jsonOfField(field, message);
    for (const element of Array.isArray(value) ? value : [value])
      if (element !== undefined) query.append(jsonName(field), String(element));
  }
  return query;
}

function afterOf({ request }: PublicMethod, message: Message): string | undefined {
  const field = request.fields[AFTER];
  const after = field && isOptional(field) && Object.hasOwn(message, AFTER) ? textOf(message, AFTER) : '';
  if (!/^[\x21-\x7e]{0,200}$/.test(after))
    throw refused([{ pointer: `/${AFTER}`, code: 'wrong-format', message: 'is no position of an event' }]);
  return after || undefined;
}

function bodyOf({ rule, request }: PublicMethod, message: Message): Uint8Array {
  if (rule.body === '*') return Buffer.from(JSON.stringify(jsonOf(request, message, rule.pathFields)));
  const field = request.fields[rule.body!]!;
  if (isHttpBody(rule, request)) return (part(message, field.name) as { data?: Uint8Array } | null)?.data ?? Buffer.alloc(0);
  return Buffer.from(JSON.stringify(jsonOfField(field, message) ?? {}));
}

function bodyType({ rule, request }: PublicMethod, message: Message): Record<string, string> {
  if (!isHttpBody(rule, request)) return { 'content-type': 'application/json' };
  const type = (part(message, rule.body!) as { content_type?: string } | null)?.content_type;
  if (!type) return { 'content-type': 'application/json' };
  if (!/^[\x20-\x7e]{1,200}$/.test(type))
    throw refused([{ pointer: `/${rule.body!}/contentType`, code: 'wrong-format', message: 'is no media type' }]);
  return { 'content-type': type };
}

function isHttpBody({ body }: HttpRule, request: PublicMethod['request']): boolean {
  return body !== undefined && request.fields[body]?.resolvedType?.fullName === HTTP_BODY;
}

const part = (message: Message, name: string): unknown => (message as unknown as Record<string, unknown>)[name];
const textOf = (message: Message, name: string): string => {
  const value = part(message, name);
  return typeof value === 'string' ? value : '';
};

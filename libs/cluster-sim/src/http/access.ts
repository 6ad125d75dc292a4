import { timingSafeEqual } from 'node:crypto';
import { type IncomingMessage } from 'node:http';

export const isToken = (given: string, token: string): boolean => {
  const a = Buffer.from(given);
  const b = Buffer.from(token);
  return a.length === b.length && timingSafeEqual(a, b);
};

/**
 * kubectl, like every client made with client-go, sends no credentials over plain HTTP. So the server address in the
 * kubeconfig carries the token too, as the first part of its path: `http://127.0.0.1:<port>/access/<token>`.
 */
export const accessPath = (token: string): string => `/access/${token}`;

/** The path below the access path, the request marked as authorised; any other path as it is. */
export const withoutAccessPath = (request: IncomingMessage, token: string): string => {
  const url = request.url ?? '/';
  const match = /^\/access\/([^/?]+)(.*)$/.exec(url);
  if (!match || !isToken(match[1]!, token)) return url;
  request.headers.authorization = `Bearer ${token}`;
  const rest = match[2]!;
  return rest.startsWith('/') ? rest : `/${rest}`;
};

import { type Behaviour } from '../config';
import { isObject, type JsonObject } from '../objects/json';
import { type Container } from '../objects/workloads';

const AGNHOST = /(^|\/)agnhost(:|@|$)/;
const HTTP_PORT = 8080;

/**
 * What containers of the image that Kubernetes itself is tested with do. It is a box of tools, and does what it is told, here as on any cluster:
 *
 *     command: [false]   command: [sh, -c, exit 3]      fail, again and again where they are started again
 *     args: [netexec, --http-port=8080]                 listens on that port
 *     readinessProbe: {exec: {command: [false]}}        never ready; nor by a port on which nothing listens
 */
export const agnhostConduct = ({
  image,
  command,
  args,
  readinessProbe,
}: Container): { readonly behaviour?: Behaviour; readonly exitCode?: number } => {
  if (!AGNHOST.test(image)) return {};
  const exitCode = exitCodeOf(command ?? []);
  if (exitCode !== 0) return { behaviour: 'crash-loop', exitCode };
  const port = command === undefined ? listensOn(args ?? []) : undefined;
  return isObject(readinessProbe) && !succeeds(readinessProbe, port) ? { behaviour: 'never-ready' } : {};
};

const exitCodeOf = (command: readonly string[]): number => {
  if (command[0] === 'false') return 1;
  const exits = command[1] === '-c' ? /\bexit (\d+)$/.exec(command[2] ?? '') : undefined;
  return Number(exits?.[1] ?? 0);
};

const listensOn = ([tool, ...flags]: readonly string[]): number | undefined => {
  if (tool !== 'netexec') return undefined;
  const given = flags.map((flag) => /^--http-port=(\d+)$/.exec(flag)?.[1]).find((port) => port !== undefined);
  return Number(given ?? HTTP_PORT);
};

const succeeds = ({ exec, tcpSocket, httpGet }: JsonObject, port: number | undefined): boolean => {
  if (isObject(exec)) return exitCodeOf(exec.command as string[]) === 0;
  const asked = isObject(tcpSocket) ? tcpSocket.port : isObject(httpGet) ? httpGet.port : port;
  return typeof asked !== 'number' || asked === port;
};

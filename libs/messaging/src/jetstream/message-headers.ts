import { headerNames, type Link } from './wire';

/** What a message says about itself outside of its body, so that nobody has to parse what they do not want. */
export interface MessageHeaders extends Link {
  /** Two messages of one id within a few minutes are one. */
  readonly id: string;
  readonly type?: string;
  readonly revision?: number;
}

/** As it goes over the wire. The names and values are ours: there is nothing to escape. */
export function encodeHeaders({ id, type, previous, position, revision }: MessageHeaders): Uint8Array {
  const { id: idName, type: typeName, previous: previousName, position: positionName, revision: revisionName } = headerNames;
  const event = type === undefined ? '' : `${typeName}: ${type}\r\n${revisionName}: ${revision}\r\n`;
  return Buffer.from(
    `NATS/1.0\r\n${idName}: ${id}\r\n${event}${previousName}: ${previous}\r\n${positionName}: ${position}\r\n\r\n`,
  );
}

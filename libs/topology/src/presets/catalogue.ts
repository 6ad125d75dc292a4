import { emqx } from './emqx';
import { influxdb } from './influxdb';
import { kafka } from './kafka';
import { mariadb } from './mariadb';
import { minio } from './minio';
import { mongodb } from './mongodb';
import { mysql } from './mysql';
import { nginx } from './nginx';
import { nodeRed } from './node-red';
import { postgresql } from './postgresql';
import type { Preset } from './preset';
import { rabbitmq } from './rabbitmq';
import { redis } from './redis';

/** The catalogue. To add a node: one file beside this one, and its place here. */
export const presets: readonly Preset[] = [
  mysql,
  mariadb,
  postgresql,
  redis,
  mongodb,
  rabbitmq,
  emqx,
  nginx,
  kafka,
  minio,
  influxdb,
  nodeRed,
];

const byName: ReadonlyMap<string, Preset> = new Map(presets.map((preset) => [preset.name, preset]));

/** The preset of that name, if there is one. */
export function presetNamed(name: string): Preset | undefined {
  return byName.get(name);
}

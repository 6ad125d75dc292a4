import type { ConsumerGroup } from './event-bus.port';

/** The groups of a process, in the order in which they came. */
export class ConsumerGroups {
  private readonly groups = new Map<string, ConsumerGroup>();

  /** @throws Error for a name that is taken, or not lower-kebab-case */
  add(group: ConsumerGroup): void {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(group.name))
      throw new Error(`"${group.name}" is no name for a consumer group: use lower-kebab-case`);
    if (this.groups.has(group.name)) throw new Error(`there is a consumer group "${group.name}" already`);
    this.groups.set(group.name, group);
  }

  get(name: string): ConsumerGroup | undefined {
    return this.groups.get(name);
  }

  all(): readonly ConsumerGroup[] {
    return [...this.groups.values()];
  }
}

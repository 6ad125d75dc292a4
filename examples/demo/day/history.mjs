// What must run where, from the event history alone.

/**
 * @param events `instance-` streams in the order of the store
 * @returns instance id → `{ clusterId, running, stopped, scale }` of those that are there: the version that runs, and what its owner wants of it
 */
export function instancesOf(events) {
  const instances = new Map();
  for (const { type, data } of events) {
    const known = instances.get(data.instanceId);
    switch (type) {
      case 'InstanceRequested':
        instances.set(data.instanceId, { clusterId: data.clusterId, wanted: data.versionNumber, stopped: false, scale: {} });
        break;
      case 'UpgradeRequested':
      case 'RollbackRequested':
        known.wanted = data.versionNumber;
        break;
      case 'StopRequested':
      case 'StartRequested':
        known.stopped = type === 'StopRequested';
        break;
      case 'ScaleRequested':
        Object.assign(known.scale, data.nodes);
        break;
      case 'OperationConcluded':
        if (data.outcome === 'rolled-back') known.wanted = data.backTo.versionNumber;
        if (data.outcome !== 'pre-empted') known.running = known.wanted;
        break;
      case 'InstanceDeleted':
        instances.delete(data.instanceId);
        break;
    }
  }
  return instances;
}

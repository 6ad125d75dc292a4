export { failpoints, type FailpointName } from './names';
export { InvalidFailpoints } from './plan';
export { armFailpoints, failpoint, FailpointError } from './failpoint';

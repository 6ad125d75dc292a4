import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { fileDescriptorsOf } from './file-descriptors';
import type { PublicApi } from './public-api';

/** The standard reflection service: tools that have no proto files ask the server for them. */
export function reflectionOf({ services }: PublicApi): ReflectionService {
  // It looks at the descriptors alone; any definition of the package has all of them.
  return new ReflectionService({ souk: { fileDescriptorProtos: fileDescriptorsOf(services) } } as unknown as PackageDefinition);
}

import { SetMetadata } from '@nestjs/common';
import type { Role } from '@souk/contracts';

export const ACCESS = 'souk:access';

export type Access = 'public' | readonly Role[];

/** Who may call the route. Which resources they then see is the service's decision. */
export const Roles = (...allowed: [Role, ...Role[]]): MethodDecorator & ClassDecorator =>
  SetMetadata(ACCESS, allowed satisfies Access);

/** The route asks for no bearer token: it is open to everybody, or authenticates in a way of its own. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, 'public' satisfies Access);

import { Catch, type ExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/** Lets the error of a consumer through as it is. Nest's own filter would make "Internal server error" of it, and log it. */
@Catch()
export class KeepErrorFilter implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

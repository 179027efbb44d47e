import {
  type ExecutionContext,
  HttpException,
  Injectable,
  ServiceUnavailableException,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { LaunchKeyError, type LoginInfo } from 'passport-launchkey';

/** Starts a login or finishes it. Only users who are logged in reach the route behind it. */
@Injectable()
export class LaunchKeyGuard extends AuthGuard('launchkey') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest());
    return true;
  }

  /** Responds with the strategy's `info`: 202 pending, 400, 401, or 429 with `Retry-After`. */
  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false,
    info: LoginInfo,
    context: ExecutionContext,
  ): TUser {
    if (error instanceof LaunchKeyError) {
      throw new ServiceUnavailableException('Please try again later.', { cause: error });
    }
    if (error) throw error;
    if (user) return user;
    if (info.retryAfter !== undefined) {
      context.switchToHttp().getResponse().setHeader('Retry-After', info.retryAfter);
    }
    throw new HttpException(info, info.status);
  }
}

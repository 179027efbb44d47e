import { promisify } from 'node:util';
import { Controller, Get, HttpCode, Inject, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { LoggedInGuard, SameOriginGuard } from './guards.js';
import { LaunchKeyGuard } from './launchkey.guard.js';
import { LaunchKeyLogin } from './launchkey.strategy.js';

@Controller()
export class AuthController {
  constructor(@Inject(LaunchKeyLogin) private readonly strategy: LaunchKeyLogin) {}

  /** With a user name, begins a login (202); without, waits for the answer. */
  @Post('login')
  @HttpCode(200)
  @UseGuards(SameOriginGuard, LaunchKeyGuard)
  logIn(@Req() { user }: Request) {
    return { user };
  }

  @Get('me')
  @UseGuards(LoggedInGuard)
  me(@Req() { user }: Request) {
    return { user };
  }

  @Post('logout')
  @HttpCode(204)
  @UseGuards(SameOriginGuard)
  async logOut(@Req() req: Request): Promise<void> {
    await this.strategy.logout(req);
    await promisify((done: (error: unknown) => void) => req.logout(done))();
  }
}
